from cog import BasePredictor, File


class Predictor(BasePredictor):
    def run(self) -> File:
        raise NotImplementedError
