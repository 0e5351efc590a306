from cog import BasePredictor, File, Input, Path, Secret

NAME = "v2"


class Predictor(BasePredictor):
    def run(self, value: str = Input(default=f"{NAME}-large")) -> str:
        raise NotImplementedError
