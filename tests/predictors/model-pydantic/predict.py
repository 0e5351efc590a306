from cog import BasePredictor
from pydantic import BaseModel as Base


class Result(Base):
    a: int


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
