from cog import BasePredictor, File, Input, Path, Secret

STEPS = 20


class Predictor(BasePredictor):
    def run(self, value: int = Input(default=STEPS)) -> str:
        raise NotImplementedError
