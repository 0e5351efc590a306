from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union

LIMIT = 5


class Predictor(BasePredictor):
    def run(self, value: Annotated[int, LIMIT]) -> str:
        raise NotImplementedError
