from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: int = Input(default=-5)) -> str:
        raise NotImplementedError
