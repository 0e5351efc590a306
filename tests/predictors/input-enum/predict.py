from enum import Enum

from cog import BasePredictor


class Color(Enum):
    RED = 1


class Predictor(BasePredictor):
    def run(self, value: Color) -> str:
        raise NotImplementedError
