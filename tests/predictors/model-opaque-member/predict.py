from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union
from cog import BaseModel
from numpy import ndarray


class Result(BaseModel):
    a: Annotated[ndarray, Opaque]
    b: Annotated[Optional[ndarray], Opaque]
    c: Annotated[list[ndarray], Opaque]


class Predictor(BasePredictor):
    def run(self) -> Result:
        raise NotImplementedError
