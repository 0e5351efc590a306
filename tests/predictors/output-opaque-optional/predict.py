from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union
from numpy import ndarray


class Predictor(BasePredictor):
    def run(self) -> Annotated[Optional[ndarray], Opaque]:
        raise NotImplementedError
