"""No reader of dossiers does more than its share of work for a larger input, whatever is in it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from typing import Any

import pytest
from openpyxl import Workbook

from evaluator.dossier.dossier import MAX_UNKNOWN, read_data
from evaluator.dossier.fields import base_registry
from evaluator.dossier.files import read_dossiers
from evaluator.problems.errors import DossierError
from tests.growth import grows_evenly

BASE = {"project_id": "x", "project_name": "y", "submitted_on": "2026-01-01"}
Make = Callable[[int], Any]


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False).encode()


def _yaml(items: Iterable[dict[str, str]]) -> bytes:
    return "".join(
        "- " + "\n  ".join(f"{k}: {v}" for k, v in item.items()) + "\n" for item in items
    ).encode()


def _many(n: int, **more: str) -> list[dict[str, str]]:
    return [{**BASE, "project_id": f"p{i}", **more} for i in range(n)]


@cache
def _book(rows: int, columns: int) -> bytes:
    book, out = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet("项目")
    sheet.append([*BASE, *(f"x{i}" for i in range(columns))])
    for i in range(rows):
        sheet.append([f"p{i}", "y", "2026-01-01", *["1"] * columns])
    book.save(out)
    return out.getvalue()


FILES: list[tuple[str, Make, int]] = [
    ("many.json", lambda n: _json(_many(n)), 300),
    ("wrong.json", lambda n: _json(_many(n, land_area="12 头")), 100),
    ("lines.json", lambda n: json.dumps(_many(n, land_area="头"), indent=1).encode(), 100),
    ("keys.json", lambda n: _json({**BASE, **{f"k{i}": 1 for i in range(n)}}), 2000),
    ("top.json", lambda n: _json({"dossiers": [BASE], **{f"k{i}": 1 for i in range(n)}}), 2000),
    ("twice.json", lambda n: b"{" + b'"a":1,' * n + b'"a":1}', 1000),
    ("deep.json", lambda n: b"[" * n, 5000),
    ("escapes.json", lambda n: b'["' + b"\\u0041" * n + b'"]', 20000),
    ("many.jsonl", lambda n: b"\n".join(map(_json, _many(n))), 200),
    ("wrong.jsonl", lambda n: b"\n".join(map(_json, _many(n, land_area="头"))), 100),
    ("blank.jsonl", lambda n: b"\n" * n, 10000),
    ("many.yaml", lambda n: _yaml(_many(n)), 100),
    ("wrong.yaml", lambda n: _yaml(_many(n, land_area="头")), 100),
    ("keys.yaml", lambda n: "".join(f"k{i}: 1\n" for i in range(n)).encode(), 1000),
    ("top.yaml", lambda n: b"dossiers: []\n" + b"".join(b"k%d: 1\n" % i for i in range(n)), 1000),
    ("twice.yaml", lambda n: b"a: 1\n" * n, 1000),
    ("flow.yaml", lambda n: b"[" + b"[]," * n + b"]", 1000),
    ("deep.yaml", lambda n: b"[" * n, 1000),
    ("long.yaml", lambda n: b"a: " + b"x " * n, 20000),
    ("quoted.yaml", lambda n: b'a: "' + b"x\n" * n, 5000),
    ("block.yaml", lambda n: b"a: |\n" + b"  x\n" * n, 5000),
    ("comments.yaml", lambda n: b"# x\n" * n + b"a: 1", 5000),
    ("badlines.yaml", lambda n: "project_id：1\n".encode() * n, 2000),
    ("anchors.yaml", lambda n: b"".join(b"k%d: &a%d 1\n" % (i, i) for i in range(n)), 500),
    ("rows.xlsx", lambda n: _book(n, 0), 150),
    ("columns.xlsx", lambda n: _book(3, n), 40),
]


@pytest.mark.parametrize(("name", "make", "n"), FILES, ids=[name for name, _, _ in FILES])
def test_files(name: str, make: Make, n: int) -> None:
    def read(data: bytes) -> None:
        with suppress(DossierError):
            read_dossiers((name, data), base_registry())

    assert grows_evenly(read, make, n)


DATA: list[tuple[str, Make, int]] = [
    # 150,000 codes took twelve minutes, and 150,000 unknown keys more than one.
    ("codes", lambda n: {**BASE, "product_codes": [f"C{i}" for i in range(n)]}, 10_000),
    ("one text", lambda n: {**BASE, "product_codes": ",".join(map(str, range(n)))}, 10_000),
    ("keys", lambda n: {**BASE, **{f"k{i}": 1 for i in range(n)}}, 10_000),
    ("record", lambda n: {**BASE, "product_energy": [{"key": str(i)} for i in range(n)]}, 10_000),
    ("item", lambda n: {**BASE, "product_energy": [{f"k{i}": 1 for i in range(n)}]}, 10_000),
    ("texts", lambda n: dict.fromkeys(base_registry().fields, "9" * n), 2000),
    ("words", lambda n: dict.fromkeys(base_registry().fields, "1 万元 " * n), 500),
]


@pytest.mark.parametrize(("make", "n"), [d[1:] for d in DATA], ids=[d[0] for d in DATA])
def test_data(make: Make, n: int) -> None:
    def read(data: dict[str, Any]) -> None:
        with suppress(DossierError):
            read_data(data, base_registry(), "请求体")

    assert grows_evenly(read, make, n)


def test_unknown_fields_are_counted_and_the_first_named() -> None:
    with pytest.raises(DossierError) as caught:
        read_data({**BASE, **{f"k{i}": 1 for i in range(3000)}}, base_registry(), "请求体")
    *named, rest = caught.value.problems
    assert [p.place.pointer for p in named] == [f"/k{i}" for i in range(MAX_UNKNOWN)]
    assert rest.message == "不认识的字段共 3000 个，另外 2950 个没有列出"


def test_too_many_codes_are_told_before_any_is_looked_at() -> None:
    for given in ([f"?{i}" for i in range(300)], "、".join(f"?{i}" for i in range(300))):
        with pytest.raises(DossierError) as caught:
            read_data({**BASE, "product_codes": given}, base_registry(), "请求体")
        (problem,) = caught.value.problems
        assert "有 300 项，最多 200 项" in problem.message


def test_a_small_file_of_millions_of_cells_is_refused_by_its_count() -> None:
    out = io.BytesIO(_book(1, 1))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        row = b"<row>" + b'<c r="A1"><v>1</v></c>' * 1000 + b"</row>"
        archive.writestr("xl/worksheets/sheet2.xml", row * 2001)
    with pytest.raises(DossierError) as caught:
        read_dossiers(("many.xlsx", out.getvalue()), base_registry())
    assert len(out.getvalue()) < 500_000
    assert caught.value.problems[0].message == "工作簿的单元格超过 2000000 个"
