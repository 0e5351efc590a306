from cog import BasePredictor
from numpy import ndarray


class Predictor(BasePredictor):
    def run(self, value: ndarray) -> str:
        raise NotImplementedError
