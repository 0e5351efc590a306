from cog import BasePredictor, concurrent


class Predictor(BasePredictor):
    @concurrent(4)
    async def run(self) -> str:
        raise NotImplementedError
