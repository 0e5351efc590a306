from cog import BasePredictor


class Base(BasePredictor):
    def predict(self, a: int) -> str: ...
