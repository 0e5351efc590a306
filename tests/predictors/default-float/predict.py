from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: float = Input(default=5e-2)) -> str:
        raise NotImplementedError
