from cog import BasePredictor, File, Input, Path, Secret

NAMES = ["a"]
NAMES.append("b")


class Predictor(BasePredictor):
    def run(self, value: list[str] = Input(default=NAMES)) -> str:
        raise NotImplementedError
