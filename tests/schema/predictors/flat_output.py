from typing import Optional

from cog import BaseModel, BasePredictor, Input, Path


class Caption(BaseModel):
    text: str
    preview: Path
    note: Optional[str] = None
    score: float = 0.5


class Predictor(BasePredictor):
    def predict(self, image: Path = Input(description="Picture")) -> Caption:
        return Caption(text="", preview=image)
