import torch


@torch.no_grad()
class Predictor:
    @torch.inference_mode()
    def run(self) -> str: ...
