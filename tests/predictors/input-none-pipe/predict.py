from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: None | int) -> str:
        raise NotImplementedError
