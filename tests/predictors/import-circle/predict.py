from cog import BasePredictor

from a import Result


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
