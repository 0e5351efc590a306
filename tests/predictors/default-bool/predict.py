from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: bool = Input(default=False)) -> str:
        raise NotImplementedError
