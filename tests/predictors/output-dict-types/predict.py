from cog import BaseModel, BasePredictor, Path


class Predictor(BasePredictor):
    def run(self) -> dict[str, list[int]]:
        raise NotImplementedError
