from cog import BasePredictor, File, Input, Path, Secret


class Inputs:
    text = Input(description="Text", default="x")


class Predictor(BasePredictor):
    def run(self, value: str = Inputs.text) -> str:
        raise NotImplementedError
