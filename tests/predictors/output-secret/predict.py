from cog import BasePredictor, Secret


class Predictor(BasePredictor):
    def run(self) -> Secret:
        raise NotImplementedError
