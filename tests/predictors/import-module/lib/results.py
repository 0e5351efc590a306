from typing import TypedDict

from cog import BaseModel


class Result(BaseModel):
    a: int


class Size(TypedDict):
    w: int
