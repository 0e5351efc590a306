from enum import Enum

from cog import BasePredictor


class Color(Enum):
    RED = 1


class Predictor(BasePredictor):
    def run(self) -> Color:
        raise NotImplementedError
