from typing import Optional

from cog import BaseModel, BasePredictor


class Result(BaseModel):
    text: str
    best_score: float = 0.5
    note: Optional[str]


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
