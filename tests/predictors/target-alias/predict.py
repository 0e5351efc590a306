class P2:
    def run(self) -> str: ...


Predictor = P2
