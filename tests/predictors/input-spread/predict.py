from cog import BasePredictor, Input

STEPS = {"description": "Steps", "ge": 1, "le": 50}


class Predictor(BasePredictor):
    def run(self, value: int = Input(**STEPS, default=4)) -> str:
        raise NotImplementedError
