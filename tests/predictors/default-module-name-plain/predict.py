from cog import BasePredictor, File, Input, Path, Secret

STEPS: int = 20


class Predictor(BasePredictor):
    def run(self, value: int = STEPS) -> str:
        raise NotImplementedError
