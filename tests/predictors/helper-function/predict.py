from cog import BasePredictor, Input
import helpers
from helpers import output_quality

class Inputs:
    @staticmethod
    def steps(default: int, most: int = 50):
        return Input(description="Steps", default=default, ge=1, le=most)


class Predictor(BasePredictor):
    def run(self, format: str = helpers.output_format(), quality: int = output_quality(90), steps: int = Inputs.steps(20)) -> str:
        raise NotImplementedError
