from cog import BaseModel, BasePredictor, Path


class Narrow(BaseModel):
    a: int


class Wide(Narrow):
    b: str


class Predictor(BasePredictor):
    def run(self) -> Wide:
        raise NotImplementedError
