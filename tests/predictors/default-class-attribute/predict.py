from cog import BasePredictor, Input

class Settings:
    BASE = 10
    STEPS = BASE + 1


class Predictor(BasePredictor):
    def run(self, value: int = Input(default=Settings.STEPS * 2)) -> str:
        raise NotImplementedError
