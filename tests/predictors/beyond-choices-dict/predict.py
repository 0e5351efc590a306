from cog import BasePredictor, File, Input, Path, Secret

SIZES = {"s": 1}


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=list(SIZES))) -> str:
        raise NotImplementedError
