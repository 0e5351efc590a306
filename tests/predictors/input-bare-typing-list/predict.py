from cog import BasePredictor, File, Input, Opaque, Path, Secret
from typing import Any, Annotated, Dict, List, Literal, Optional, Tuple, TypedDict, Union


class Predictor(BasePredictor):
    def run(self, value: List) -> str:
        raise NotImplementedError
