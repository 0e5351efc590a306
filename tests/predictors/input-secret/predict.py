from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: Secret) -> str:
        raise NotImplementedError
