from cog import BasePredictor, File, Input, Path, Secret

NAMES = "ab"


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=NAMES)) -> str:
        raise NotImplementedError
