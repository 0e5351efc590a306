from cog import BasePredictor, File, Input, Path, Secret


class Predictor(BasePredictor):
    def run(self, ä: str, größe: bytes) -> str:
        raise NotImplementedError
