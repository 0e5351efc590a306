from cog import BasePredictor, ConcatenateIterator, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> ConcatenateIterator[str]:
        yield text
