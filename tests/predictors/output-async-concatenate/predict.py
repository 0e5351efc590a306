from collections.abc import AsyncIterator, Iterator

from cog import AsyncConcatenateIterator, BasePredictor, ConcatenateIterator, Path, streaming


class Predictor(BasePredictor):
    def run(self) -> AsyncConcatenateIterator[str]:
        raise NotImplementedError
