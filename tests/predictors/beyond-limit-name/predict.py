from cog import BasePredictor, File, Input, Path, Secret

MOST = 100


class Predictor(BasePredictor):
    def run(self, value: int = Input(le=MOST)) -> str:
        raise NotImplementedError
