from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: float = Input(default=7.0)) -> str:
        raise NotImplementedError
