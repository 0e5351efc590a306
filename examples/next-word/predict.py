"""Continues a text with the words that usually follow. Its weights come from train.py, or from a built-in sentence."""

import json
from typing import Optional

from cog import BaseRunner, Input, Path

from train import learn

BUILT_IN = "the cat saw the dog and the dog saw the cat and then the cat slept"


class Predictor(BaseRunner):
    def setup(self) -> None:
        self.built_in = learn(BUILT_IN, 3)

    def run(
        self,
        prompt: str = Input(description="The text to continue", max_length=10_000),
        length: int = Input(description="How many words to add", default=5, ge=0, le=100),
        replicate_weights: Optional[Path] = Input(description="Weights that a training made", default=None),
    ) -> str:
        weights = json.loads(replicate_weights.read_text()) if replicate_weights else self.built_in
        words = prompt.casefold().split()
        seen: dict[str, int] = {}
        for _ in range(length):
            followers = weights.get(words[-1]) if words else None
            if not followers:
                break
            # Each time a word comes up again, the next of its followers is taken.
            turn = seen.get(words[-1], 0)
            seen[words[-1]] = turn + 1
            words.append(followers[turn % len(followers)])
        return " ".join(words) or "…"
