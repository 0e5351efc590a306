from collections.abc import AsyncIterator, Iterator

from cog import AsyncConcatenateIterator, BasePredictor, ConcatenateIterator, Path, streaming


class Predictor(BasePredictor):
    def run(self) -> AsyncIterator[dict[str, int]]:
        raise NotImplementedError
