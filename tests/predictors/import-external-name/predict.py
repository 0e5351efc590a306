from cog import BasePredictor

from torch import Result


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
