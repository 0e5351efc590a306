from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: dict = Input(default={"b": None, "a": 1})) -> str:
        raise NotImplementedError
