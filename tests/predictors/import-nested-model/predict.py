from cog import BasePredictor

from pages import Page


class Predictor(BasePredictor):
    def run(self) -> Page:
        raise NotImplementedError
