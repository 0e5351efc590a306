from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: list[int] = Input(default=[0xFF, 0b101, 0o10, 1_000])) -> str:
        raise NotImplementedError
