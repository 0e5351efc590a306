import numpy as np
from cog import BasePredictor


class Predictor(BasePredictor):
    def run(self) -> np.ndarray:
        raise NotImplementedError
