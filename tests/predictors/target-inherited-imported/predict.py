from lib.base import Base


class Predictor(Base):
    pass
