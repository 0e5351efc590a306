from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, Status: str = Input(choices=["a"])) -> str:
        raise NotImplementedError
