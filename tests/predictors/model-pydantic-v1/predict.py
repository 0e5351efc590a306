import pydantic.v1
from cog import BasePredictor


class Result(pydantic.v1.BaseModel):
    a: int


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
