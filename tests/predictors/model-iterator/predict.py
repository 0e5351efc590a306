from collections.abc import Iterator

from cog import BaseModel, BasePredictor


class Result(BaseModel):
    a: int


class Predictor(BasePredictor):
    def run(self) -> Iterator[Result]:
        raise NotImplementedError
