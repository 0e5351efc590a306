import base


class Predictor(base.Base):
    pass
