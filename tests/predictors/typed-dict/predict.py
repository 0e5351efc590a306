from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union


class Size(TypedDict):
    width: int
    unit: Optional[str]


class Predictor(BasePredictor):
    def run(self) -> Size:
        raise NotImplementedError
