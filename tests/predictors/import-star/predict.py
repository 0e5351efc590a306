from cog import *


class Predictor(BasePredictor):
    def run(self, a: Path = Input(description='A')) -> Path: ...
