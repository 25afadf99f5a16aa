"""Pictures and scanned pages, by rapidocr (extra [ocr]), whose wheel brings its models along."""

from __future__ import annotations

import logging
from functools import lru_cache
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from evaluator.documents.layout import Block
from evaluator.documents.pieces import Piece, blocks_of, straightened

MAX_PICTURES = 30
SCALE = 2.0  # 144 dots an inch: what a form printed in 12 point needs.
MAX_SIDE = 6000


def installed() -> bool:
    """Whether the extra is there."""
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


@lru_cache(maxsize=1)
def _engine() -> Any:
    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    from rapidocr import RapidOCR

    return RapidOCR(params={"Global.log_level": "error"})


def read_picture(picture: Any, page: int | None) -> list[Block]:
    """The blocks in a picture (an array of pixels)."""
    try:
        result = _engine()(picture)
    except Exception as error:
        # onnxruntime has errors of its own for memory that it does not get.
        if "alloc" in str(error).lower() or "memory" in str(error).lower():
            raise MemoryError from None
        raise
    if result is None or result.boxes is None or result.txts is None:
        return []
    pieces = [
        Piece(
            float(min(p[0] for p in box)), float((box[0][1] + box[1][1]) / 2),
            float(max(p[0] for p in box)), float((box[2][1] + box[3][1]) / 2), text,
        )
        for box, text in zip(result.boxes, result.txts, strict=True)
        if text.strip()
    ]  # fmt: skip
    return blocks_of(straightened(pieces, _slope(result.boxes)), page, forms=True)


def _slope(boxes: Any) -> float:
    """How much lines sink for each step to the right: the median of the long boxes."""
    slopes = sorted(
        float((box[1][1] - box[0][1]) / (box[1][0] - box[0][0]))
        for box in boxes
        if box[1][0] - box[0][0] > 4 * (box[3][1] - box[0][1])
    )
    return slopes[len(slopes) // 2] if slopes else 0.0


def read_image(data: bytes) -> list[Block]:
    """The blocks of an image file. Raises PIL's errors for a damaged one."""
    import numpy
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MAX_SIDE * MAX_SIDE
    with Image.open(BytesIO(data)) as image:
        image.load()
        rgb = image.convert("RGB")
        rgb.thumbnail((MAX_SIDE, MAX_SIDE))
        return read_picture(numpy.asarray(rgb)[:, :, ::-1], None)
