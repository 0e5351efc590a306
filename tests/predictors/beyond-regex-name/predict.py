from cog import BasePredictor, File, Input, Path, Secret

PATTERN = "^a$"


class Predictor(BasePredictor):
    def run(self, value: str = Input(regex=PATTERN)) -> str:
        raise NotImplementedError
