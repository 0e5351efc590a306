from cog import BasePredictor, Input
from typing import Literal, get_args

Size = Literal["s", "l"]


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=list(get_args(Size)))) -> str:
        raise NotImplementedError
