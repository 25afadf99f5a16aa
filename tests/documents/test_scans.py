"""Scans by rapidocr and old Word files by LibreOffice, for real; skipped where these are not installed."""

from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from evaluator.documents import ocr, office
from evaluator.documents.opened import read_document
from evaluator.documents.reading import answer
from evaluator.dossier.fields import base_registry
from evaluator.problems.errors import DossierError
from tests.documents.builders import Made, T, build
from tests.support import without

FONTS = sorted(Path("/usr/share/fonts").rglob("*CJK*Regular*"))
ROWS = (
    ("项目名称", "精密轴承制造项目"),
    ("总投资", "26480万元"),
    ("用地面积", "36.5亩"),
    ("劳动定员", "186人"),
    ("是否两高", "否"),
)


@pytest.fixture(scope="module")
def scanner() -> None:
    """What reads pictures."""
    if not (ocr.installed() and FONTS):
        without("needs the extra [ocr] (OCR=1) and a Chinese font")


@pytest.fixture(scope="module")
def program() -> str:
    """LibreOffice."""
    return office.office() or without("needs LibreOffice")


def _picture() -> Any:
    """A form as a scanner gives it: grey, a little askew."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("L", (1240, 900), 245)
    font, pen = ImageFont.truetype(str(FONTS[0]), 34), ImageDraw.Draw(image)
    for i, row in enumerate(ROWS):
        for j, text in enumerate(row):
            box = (120 + 420 * j, 120 + 100 * i, 540 + 420 * j, 220 + 100 * i)
            pen.rectangle(box, outline=60, width=2)
            pen.text((box[0] + 20, box[1] + 26), text, font=font, fill=40)
    return image.rotate(0.6, fillcolor=245)


def _values(name: str, data: bytes) -> dict[str, Any]:
    given = answer(name, data, base_registry())
    assert given["problems"] == []
    return {e["field"]: e["value"] for d in given["dossiers"] for e in d["excerpts"]}


@pytest.mark.usefixtures("scanner")
@pytest.mark.parametrize("name", ["扫描.png", "扫描.pdf"])
def test_a_scanned_form(name: str) -> None:
    out = BytesIO()
    _picture().convert("RGB").save(out, format="PNG" if name.endswith("png") else "PDF")
    said = _values(name, out.getvalue())
    wanted = {
        "project_name": "精密轴承制造项目",
        "total_investment": "26480",
        "land_area": "36.5",
        "employees": "186",
        "two_high": False,
    }
    assert {k: said.get(k) for k in wanted} == wanted


@pytest.mark.usefixtures("scanner")
def test_a_damaged_picture_is_refused() -> None:
    with pytest.raises(DossierError) as caught:
        read_document("坏.png", b"\x89PNG\r\n\x1a\n broken")
    assert caught.value.problems[0].code == "D131"


def test_an_old_word_file(program: str, tmp_path: Path) -> None:
    source = tmp_path / "申请.docx"
    source.write_bytes(build(Made("申请.docx", [T([list(r) for r in ROWS])], {})))
    command = [
        program, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
        "--convert-to", "doc", "--outdir", str(tmp_path), str(source),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    old = (tmp_path / "申请.doc").read_bytes()
    assert old.startswith(b"\xd0\xcf\x11\xe0")
    for name in ("申请.doc", "申请.wps"):
        said = _values(name, old)
        assert (said["total_investment"], said["land_area"]) == ("26480", "36.5")


@pytest.mark.usefixtures("program")
def test_a_damaged_old_word_file_is_refused() -> None:
    with pytest.raises(DossierError) as caught:
        read_document("坏.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 3000)
    assert caught.value.problems[0].code == "D131"
