from cog import BaseModel, BasePredictor, Input, Path


class Predictor(BasePredictor):
    def predict(self, text: str = Input(description="Text")) -> str:
        return text


class TrainingOutput(BaseModel):
    weights: Path


def train(
    data: Path = Input(description="Training data"),
    epochs: int = Input(description="Rounds", default=3, ge=1),
    kind: str = Input(description="What to train", default="lora", choices=["lora", "full"]),
) -> TrainingOutput:
    return TrainingOutput(weights=data)
