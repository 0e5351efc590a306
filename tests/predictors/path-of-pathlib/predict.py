from pathlib import Path


class Predictor:
    def run(self, a: Path) -> Path: ...
