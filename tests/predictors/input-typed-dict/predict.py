from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union


class Size(TypedDict):
    width: int


class Predictor(BasePredictor):
    def run(self, value: Size) -> str:
        raise NotImplementedError
