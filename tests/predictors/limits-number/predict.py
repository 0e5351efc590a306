from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: float = Input(ge=0.5, le=10.0)) -> str:
        raise NotImplementedError
