from typing import List

from cog import BasePredictor, Input, Path


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> List[Path]:
        return []
