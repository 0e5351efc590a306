from collections.abc import Iterator

import cog as c
from cog import BasePredictor


class Predictor(BasePredictor):
    @c.streaming()
    def run(self) -> Iterator[str]:
        raise NotImplementedError
