from cog import BasePredictor

from results import Result


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
