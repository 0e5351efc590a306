from typing import Dict

from cog import BasePredictor, Input


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> dict:
        return {}
