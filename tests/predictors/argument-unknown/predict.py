from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: int = Input(min=1)) -> str:
        raise NotImplementedError
