from cog import BasePredictor, File, Input, Path, Secret

PROMPT = Input(description="x")


class Predictor(BasePredictor):
    def run(self, value: str = PROMPT) -> str:
        raise NotImplementedError
