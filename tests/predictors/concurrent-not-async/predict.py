from cog import BasePredictor, concurrent


class Predictor(BasePredictor):
    @concurrent(max=4)
    def run(self) -> str:
        raise NotImplementedError
