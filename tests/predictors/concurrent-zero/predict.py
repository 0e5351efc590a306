from cog import BasePredictor, concurrent


class Predictor(BasePredictor):
    @concurrent(max=0)
    async def run(self) -> str:
        raise NotImplementedError
