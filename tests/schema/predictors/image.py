from typing import List, Optional

from cog import BasePredictor, Input, Path, Secret


class Predictor(BasePredictor):
    def predict(
        self,
        prompt: str = Input(description="What to draw"),
        image: Path = Input(description="What to start from"),
        negative_prompt: str = Input(description="What not to draw", default="", max_length=200),
        steps: int = Input(description="Denoising steps", default=20, ge=1, le=50),
        guidance_scale: float = Input(description="How close to the prompt", default=7, ge=0, le=10),
        mode: str = Input(description="Speed or quality", default="fast", choices=["fast", "best"]),
        width: int = Input(description="Width in pixels", default=512, choices=[512, 768, 1024]),
        seed: Optional[int] = Input(description="Seed", default=None),
        mask: Optional[Path] = Input(description="Where to draw", default=None),
        hint: Optional[str] = Input(description="A hint"),
        loras: List[str] = Input(description="Weights to add", default=["base"]),
        references: Optional[List[Path]] = Input(description="More images", default=None),
        code: str = Input(description="A code", default="abc", regex="^[a-z]+$", min_length=2),
        tile: bool = Input(description="Tile the result", default=False),
        token: Secret = Input(description="A token"),
        plain: str = "x",
    ) -> Path:
        return image
