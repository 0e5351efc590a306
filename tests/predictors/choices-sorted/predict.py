from cog import BasePredictor, Input

SIZES = ["s", "l"]


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=sorted(SIZES)), other: int = Input(choices=sorted(dict(a=3, b=1).values(), reverse=True))) -> str:
        raise NotImplementedError
