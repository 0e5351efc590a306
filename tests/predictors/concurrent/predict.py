from cog import BasePredictor, concurrent


class Predictor(BasePredictor):
    @concurrent(max=4)
    async def run(self) -> str:
        raise NotImplementedError
