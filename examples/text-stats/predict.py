"""Counts what a text is made of. Needs neither weights nor a GPU."""

import re
from collections import Counter
from typing import List

from cog import BaseModel, BaseRunner, Input


class Output(BaseModel):
    characters: int
    words: int
    sentences: int
    most_common: List[str]


class Predictor(BaseRunner):
    def setup(self) -> None:
        self.word = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

    def run(
        self,
        text: str = Input(description="The text to count", max_length=100_000),
        top: int = Input(description="How many of the most common words to name", default=3, ge=0, le=50),
        ignore_case: bool = Input(description="Count 'The' and 'the' as one word", default=True),
    ) -> Output:
        words = self.word.findall(text.casefold() if ignore_case else text)
        # Equally common words are named in alphabetical order, so that the answer is always the same.
        ranked = sorted(Counter(words).items(), key=lambda entry: (-entry[1], entry[0]))
        return Output(
            characters=len(text),
            words=len(words),
            sentences=len(re.findall(r"[.!?]+(?=\s|$)", text)),
            most_common=[word for word, _ in ranked[:top]],
        )
