from cog import BasePredictor


class Predictor(BasePredictor):
    def run(self, text: str):
        return text
