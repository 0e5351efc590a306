from cog import BasePredictor

from lib import Result


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
