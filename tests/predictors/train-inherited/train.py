class Base:
    def train(self, data: str) -> str: ...


class Trainer(Base):
    pass
