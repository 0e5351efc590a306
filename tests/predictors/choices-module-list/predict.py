from cog import BasePredictor, File, Input, Path, Secret

STYLES = ["a", "b"]


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=STYLES)) -> str:
        raise NotImplementedError
