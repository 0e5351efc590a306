from cog import BaseModel


class Result(BaseModel):
    a: int
