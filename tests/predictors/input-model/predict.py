from cog import BaseModel, BasePredictor


class Size(BaseModel):
    width: int


class Predictor(BasePredictor):
    def run(self, value: Size) -> str:
        raise NotImplementedError
