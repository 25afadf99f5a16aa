"""Small files of several kinds."""

from __future__ import annotations

import base64
import io
import random
import zipfile

from docx import Document
from openpyxl import Workbook

PDF = b"%PDF-1.7\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def archive(*names: str) -> bytes:
    """A ZIP file with these names in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, b"x")
    return out.getvalue()


def word() -> bytes:
    """A document as Word writes it."""
    out = io.BytesIO()
    Document().save(out)
    return out.getvalue()


def excel() -> bytes:
    """A workbook as Excel writes it."""
    out = io.BytesIO()
    Workbook().save(out)
    return out.getvalue()


def pdf(size: int) -> bytes:
    """A file of ``size`` bytes that begins as a PDF does and does not compress."""
    return PDF + random.Random(7).randbytes(size - len(PDF))
