from cog import BasePredictor, Input
from diffusers import DDIMScheduler, PNDMScheduler

SCHEDULERS = {"DDIM": DDIMScheduler, "PNDM": PNDMScheduler}


class Predictor(BasePredictor):
    def run(self, value: str = Input(choices=list(SCHEDULERS.keys())), other: str = Input(choices=[*SCHEDULERS], default="DDIM")) -> str:
        raise NotImplementedError
