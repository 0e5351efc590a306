from cog import BasePredictor
from torch import Tensor


class Predictor(BasePredictor):
    def run(self) -> Tensor:
        raise NotImplementedError
