from cog import BaseModel, BasePredictor, Path


class Predictor(BasePredictor):
    def run(self) -> "list['str']":
        raise NotImplementedError
