from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, text: str, /) -> str:
        raise NotImplementedError
