from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: Path = Input(accept="image/*,.png")) -> str:
        raise NotImplementedError
