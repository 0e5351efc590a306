from cog import BasePredictor, File, Input, Path, Secret

SIZES = {"s": 1, "m": 2}


class Predictor(BasePredictor):
    def run(self, value: int = Input(choices=list(SIZES.values()))) -> str:
        raise NotImplementedError
