from cog import BaseModel, BasePredictor, Path


class Predictor(BasePredictor):
    def run(self) -> bool:
        raise NotImplementedError
