from cog import BasePredictor, File, Input, Path, Secret

SIZES = {"s": 1, "m": 2}


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=list(SIZES.keys()))) -> str:
        raise NotImplementedError
