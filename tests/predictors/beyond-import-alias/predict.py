from cog import BasePredictor
from cog import Path as P


class Predictor(BasePredictor):
    def run(self, value: P) -> str:
        raise NotImplementedError
