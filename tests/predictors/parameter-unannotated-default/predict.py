from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, steps=20) -> str:
        raise NotImplementedError
