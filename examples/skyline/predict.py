"""Draws the skyline of a made-up city with the standard library alone. The same seed draws the same city."""

import random
import struct
import tempfile
import zlib
from typing import Optional

from cog import BaseRunner, Input, Path

SKIES = {
    "dawn": ((255, 196, 140), (120, 90, 140)),
    "noon": ((190, 225, 250), (70, 140, 220)),
    "night": ((40, 44, 84), (8, 10, 28)),
}


class Predictor(BaseRunner):
    def run(
        self,
        sky: str = Input(description="The time of day", choices=["dawn", "noon", "night"], default="night"),
        buildings: int = Input(description="How many buildings there are", default=12, ge=1, le=60),
        width: int = Input(description="Width of the picture in pixels", default=480, ge=16, le=1024),
        height: int = Input(description="Height of the picture in pixels", default=270, ge=16, le=1024),
        seed: Optional[int] = Input(description="Repeats a city; leave it out for a new one", default=None),
    ) -> Path:
        dice = random.Random(seed)
        rows = paint_sky(width, height, *SKIES[sky])
        for index in range(buildings):
            paint_building(rows, dice, index, buildings, lit=sky == "night")
        with tempfile.NamedTemporaryFile(suffix=".png", delete=False) as file:
            file.write(png(rows))
        return Path(file.name)


def paint_sky(width: int, height: int, low: tuple, high: tuple) -> list:
    rows = []
    for y in range(height):
        share = y / max(height - 1, 1)
        color = bytes(round(top + (bottom - top) * share) for bottom, top in zip(low, high))
        rows.append(bytearray(color * width))
    return rows


def paint_building(rows: list, dice: random.Random, index: int, count: int, lit: bool) -> None:
    width, height = len(rows[0]) // 3, len(rows)
    wide = max(width // count, 2)
    left = min(index * width // count, width - 1)
    tall = dice.randint(height // 5 + 1, height * 3 // 4)
    shade = dice.randint(18, 60)
    for y in range(height - tall, height):
        for x in range(left, min(left + wide, width)):
            rows[y][x * 3 : x * 3 + 3] = bytes((shade, shade, shade + 12))
    for y in range(height - tall + 4, height - 4, 9):
        for x in range(left + 3, min(left + wide, width) - 4, 7):
            window = (250, 214, 120) if lit and dice.random() < 0.55 else (shade // 2, shade // 2, shade // 2)
            for row in rows[y : y + 4]:
                row[x * 3 : x * 3 + 9] = bytes(window * 3)


def png(rows: list) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + bytes(row) for row in rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
