from cog import BasePredictor, Input

import settings


class Predictor(BasePredictor):
    def run(self, style: str = Input(choices=settings.STYLES)) -> str:
        raise NotImplementedError
