from cog import BasePredictor, File, Input, Path, Secret

def most():
    return int(open("most").read())


class Predictor(BasePredictor):
    def run(self, value: int = Input(le=most())) -> str:
        raise NotImplementedError
