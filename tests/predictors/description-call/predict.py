from cog import BasePredictor, File, Input, Path, Secret

def text():
    return open("text").read()


class Predictor(BasePredictor):
    def run(self, value: str = Input(description=text())) -> str:
        raise NotImplementedError
