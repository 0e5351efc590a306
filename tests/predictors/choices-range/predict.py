from cog import BasePredictor, Input

SIZES = ["s", "l"]


class Predictor(BasePredictor):
    def run(self, value: int = Input(choices=list(range(64, 257, 64))), other: float = Input(default=float(1), ge=0, le=len(SIZES))) -> str:
        raise NotImplementedError
