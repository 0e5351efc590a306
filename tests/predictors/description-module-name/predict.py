from cog import BasePredictor, File, Input, Path, Secret

TEXT = "What to draw"


class Predictor(BasePredictor):
    def run(self, value: str = Input(description=TEXT)) -> str:
        raise NotImplementedError
