from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: str | Secret) -> str:
        raise NotImplementedError
