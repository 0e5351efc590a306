from cog import BasePredictor, File, Input, Path, Secret

NAMES = open("names").read().split()


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=[c for c in NAMES])) -> str:
        raise NotImplementedError
