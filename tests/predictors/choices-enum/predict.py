from cog import BasePredictor, Input
from enum import Enum

class Mode(Enum):
    FAST = "fast"
    BEST = "best"


class Size(str, Enum):
    SMALL = "small"
    LARGE = "large"


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=[m.value for m in Mode], default=Mode.FAST.value), other: str = Input(choices=list(Size), default=Size.SMALL), third: str = Input(choices=[m.name for m in Mode], default="BEST")) -> str:
        raise NotImplementedError
