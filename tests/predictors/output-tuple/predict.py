from cog import BaseModel, BasePredictor, Path


class Predictor(BasePredictor):
    def run(self) -> tuple[str, int]:
        raise NotImplementedError
