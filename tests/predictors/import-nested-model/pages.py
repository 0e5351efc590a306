from cog import BaseModel

from boxes import Box


class Page(BaseModel):
    box: Box
