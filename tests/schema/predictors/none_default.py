from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, prompt: str = Input(description="Text"), seed: int = Input(description="Seed", default=None)) -> str:
        return prompt
