from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: str = Input(default="a" + "b")) -> str:
        raise NotImplementedError
