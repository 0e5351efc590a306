from .results import Result
