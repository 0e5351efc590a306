from typing import Annotated

import markers
from cog import BasePredictor
from markers import Opaque


class Predictor(BasePredictor):
    def run(self, value: Annotated[int, Opaque], other: Annotated[int, markers.Opaque]) -> str:
        raise NotImplementedError
