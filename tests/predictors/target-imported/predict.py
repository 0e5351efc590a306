from impl import Predictor
