from cog import BasePredictor
from other import streaming


class Predictor(BasePredictor):
    @streaming
    def run(self) -> str:
        raise NotImplementedError
