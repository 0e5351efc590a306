from a import Result
