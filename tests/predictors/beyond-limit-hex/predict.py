from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: int = Input(le=0xFF)) -> str:
        raise NotImplementedError
