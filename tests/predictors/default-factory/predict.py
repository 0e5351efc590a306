from cog import BasePredictor, File, Input, Path, Secret

def make():
    return 1


class Predictor(BasePredictor):
    def run(self, value: int = Input(default_factory=make)) -> str:
        raise NotImplementedError
