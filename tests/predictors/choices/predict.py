from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=["a", "b"], default="a", description="Which")) -> str:
        raise NotImplementedError
