from cog import BaseModel, Input, Path


class TrainingOutput(BaseModel):
    weights: Path


def train(data: Path, steps: int = Input(default=5, choices=[5, 10])) -> TrainingOutput: ...
