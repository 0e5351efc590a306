from cog import BasePredictor
from pydantic import BaseModel, Field


class Result(BaseModel):
    a: list[int] = Field(default_factory=list)
    b: int = Field(description="B")


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
