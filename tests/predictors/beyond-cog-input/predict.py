import cog
from cog import BasePredictor


class Predictor(BasePredictor):
    def run(self, value: str = cog.Input(description="x")) -> str:
        raise NotImplementedError
