from typing import List

from cog import BaseModel, BasePredictor, Input


class Word(BaseModel):
    text: str
    start: float


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> List[Word]:
        return []
