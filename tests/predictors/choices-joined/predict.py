from cog import BasePredictor, File, Input, Path, Secret

SIZES = {"s": 1}
MORE = ["xl"]


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=list(SIZES.keys()) + ["l"] + MORE)) -> str:
        raise NotImplementedError
