from cog import BasePredictor, Input

from settings import STEPS


class Predictor(BasePredictor):
    def run(self, steps: int = Input(default=STEPS)) -> str:
        raise NotImplementedError
