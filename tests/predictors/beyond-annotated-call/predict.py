from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union
from pydantic import Field


class Predictor(BasePredictor):
    def run(self, value: Annotated[int, Field(ge=1)]) -> str:
        raise NotImplementedError
