from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: list[int] = Input(default=(1, 2))) -> str:
        raise NotImplementedError
