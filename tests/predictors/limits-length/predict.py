from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, value: str = Input(min_length=1, max_length=9, regex=r"^\d+$")) -> str:
        raise NotImplementedError
