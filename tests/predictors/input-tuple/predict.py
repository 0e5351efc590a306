from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: tuple[int, int]) -> str:
        raise NotImplementedError
