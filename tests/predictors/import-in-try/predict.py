try:
    from cog import Path
except ImportError:
    Path = str


class Predictor:
    def run(self, a: Path) -> Path: ...
