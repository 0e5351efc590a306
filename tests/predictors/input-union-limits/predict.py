from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: int | str = Input(ge=1)) -> str:
        raise NotImplementedError
