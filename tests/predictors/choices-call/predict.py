from cog import BasePredictor, File, Input, Path, Secret

def names():
    return open("names").read().split()


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=names())) -> str:
        raise NotImplementedError
