from cog import BasePredictor

import lib.results
from lib import results as r


class Predictor(BasePredictor):
    def run(self, size: r.Size) -> r.Result:
        raise NotImplementedError
