from cog import BaseModel, BasePredictor, Path


class Tree(BaseModel):
    name: str
    children: list["Tree"]
    parent: "Tree | None" = None


class Predictor(BasePredictor):
    def run(self) -> Tree:
        raise NotImplementedError
