from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, text: str, *, steps: int = 3) -> str:
        raise NotImplementedError
