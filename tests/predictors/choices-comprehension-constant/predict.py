from cog import BasePredictor, Input

SIZES = [(512, 512), (768, 512), (512, 768)]


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=[f"{w}x{h}" for w, h in SIZES if w >= h]), other: int = Input(choices=[int(w / 8) for w, _ in SIZES])) -> str:
        raise NotImplementedError
