from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, guidance_scale: float, hd: bool, _x: int, a__b: int, numSteps: int) -> str:
        raise NotImplementedError
