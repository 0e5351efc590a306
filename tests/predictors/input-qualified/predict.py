import typing

import cog
from cog import BasePredictor


class Predictor(BasePredictor):
    def run(self, value: typing.Optional[cog.Path]) -> str:
        raise NotImplementedError
