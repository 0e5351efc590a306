from typing import NotRequired, Required, TypedDict

from cog import BasePredictor


class Size(TypedDict):
    width: int


class Box(Size):
    depth: int


class Predictor(BasePredictor):
    def run(self) -> Box:
        raise NotImplementedError
