from cog import BasePredictor, Input
import torch

HAS_GPU = torch.cuda.is_available()

def text():
    if HAS_GPU:
        return Input(description="a")
    return Input(description="b")


class Predictor(BasePredictor):
    def run(self, value: str = text()) -> str:
        raise NotImplementedError
