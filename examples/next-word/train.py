"""Learns which word follows which. The weights are a JSON file; neither a GPU nor a download is needed."""

import json
from collections import Counter, defaultdict

from cog import BaseModel, Input, Path


class TrainingOutput(BaseModel):
    weights: Path


def learn(text: str, most: int) -> dict[str, list[str]]:
    words = text.casefold().split()
    followers: dict[str, Counter[str]] = defaultdict(Counter)
    for word, follower in zip(words, words[1:]):
        followers[word][follower] += 1
    # Equally common followers are kept in alphabetical order, so that the same text always gives the same weights.
    return {
        word: [follower for follower, _ in sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))[:most]]
        for word, counted in sorted(followers.items())
    }


def train(
    text: str = Input(description="The text to learn from", max_length=100_000),
    most: int = Input(description="How many followers of each word are kept", default=3, ge=1, le=20),
) -> TrainingOutput:
    if len(text.split()) < 2:
        raise ValueError("the text needs at least two words")
    weights = learn(text, most)
    print(f"learned {len(weights)} words")
    path = Path("/tmp/weights.json")
    path.write_text(json.dumps(weights))
    return TrainingOutput(weights=path)
