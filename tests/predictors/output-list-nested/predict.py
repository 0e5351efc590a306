from cog import BaseModel, BasePredictor, Path


class Predictor(BasePredictor):
    def run(self) -> list[list[dict[str, float]]]:
        raise NotImplementedError
