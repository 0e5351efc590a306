from cog import BaseModel, BasePredictor, Path


class Box(BaseModel):
    x: int


class Page(BaseModel):
    boxes: list[Box]
    best: Box | None = None


class Predictor(BasePredictor):
    def run(self) -> list[Page]:
        raise NotImplementedError
