from cog import BasePredictor
from cog import Input as I


class Predictor(BasePredictor):
    def run(self, value: str = I(description="x")) -> str:
        raise NotImplementedError
