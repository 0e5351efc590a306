from typing import NotRequired, Required, TypedDict

from cog import BasePredictor


class Size(TypedDict, total=False):
    width: Required[int]
    unit: str


class Predictor(BasePredictor):
    def run(self) -> Size:
        raise NotImplementedError
