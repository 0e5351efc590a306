from typing import NotRequired, Required, TypedDict

from cog import BasePredictor


class Size(TypedDict):
    width: int
    unit: NotRequired[str]


class Predictor(BasePredictor):
    def run(self) -> Size:
        raise NotImplementedError
