from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: float = Input(choices=[0.5, 1.0])) -> str:
        raise NotImplementedError
