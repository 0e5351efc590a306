from cog import Input

FORMATS = ["webp", "jpg", "png"]


def output_format() -> str:
    """Which format."""
    return Input(description="Format of the output", choices=FORMATS, default="webp")


def output_quality(default: int, **options) -> int:
    text = "Quality of the output"
    return Input(description=f"{text}, from 0 to 100", default=default, ge=0, le=100, **options)
