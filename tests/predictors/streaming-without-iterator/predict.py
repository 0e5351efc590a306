from collections.abc import AsyncIterator, Iterator

from cog import AsyncConcatenateIterator, BasePredictor, ConcatenateIterator, Path, streaming


class Predictor(BasePredictor):
    @streaming
    def run(self) -> str:
        raise NotImplementedError
