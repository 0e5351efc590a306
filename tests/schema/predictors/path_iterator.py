from typing import Iterator

from cog import BasePredictor, Input, Path


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> Iterator[Path]:
        yield Path("a")
