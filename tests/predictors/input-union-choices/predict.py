from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: int | str = Input(choices=[1, 2])) -> str:
        raise NotImplementedError
