from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, a: tuple[int, int], b: bytes, c=1, d: int = Input(ge=f())) -> set[str]:
        raise NotImplementedError
