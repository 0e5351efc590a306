from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cog import Path


class Predictor:
    def run(self, a: Path | None = None) -> str: ...
