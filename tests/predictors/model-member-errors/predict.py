from cog import BaseModel, BasePredictor
from torch import Tensor


class Result(BaseModel):
    a: Tensor
    b: tuple[int, int]


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
