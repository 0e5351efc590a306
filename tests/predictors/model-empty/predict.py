from cog import BaseModel, BasePredictor, Path


class Nothing(BaseModel):
    pass


class Predictor(BasePredictor):
    def run(self) -> Nothing:
        raise NotImplementedError
