from cog import BasePredictor, Input

SIZES = ["s", "l"]


class Predictor(BasePredictor):
    def run(self, value: str = Input(description="One of " + ", ".join(SIZES).upper())) -> str:
        raise NotImplementedError
