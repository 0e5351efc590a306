from cog import BasePredictor, Input
from enum import Enum

class Mode(Enum):
    FAST = "fast"


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=list(Mode))) -> str:
        raise NotImplementedError
