from cog import BasePredictor, File, Input, Path, Secret

Picture = Path


class Predictor(BasePredictor):
    def run(self, value: Picture) -> str:
        raise NotImplementedError
