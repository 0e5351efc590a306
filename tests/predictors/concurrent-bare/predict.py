from cog import BasePredictor, concurrent


class Predictor(BasePredictor):
    @concurrent
    def run(self) -> str:
        raise NotImplementedError
