from collections.abc import Generator

from cog import BasePredictor


class Predictor(BasePredictor):
    def run(self) -> Generator[str, None, None]:
        raise NotImplementedError
