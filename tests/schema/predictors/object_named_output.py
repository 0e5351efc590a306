from cog import BaseModel, BasePredictor, Input


class Output(BaseModel):
    text: str
    count: int


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> Output:
        return Output(text=text, count=1)
