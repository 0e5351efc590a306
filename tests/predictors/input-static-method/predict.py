from cog import BasePredictor, File, Input, Path, Secret


class Inputs:
    @staticmethod
    def steps(default: int):
        return Input(description="Steps", default=default, ge=1)


class Predictor(BasePredictor):
    def run(self, value: int = Inputs.steps(default=5)) -> str:
        raise NotImplementedError
