"""兑现进度 and 部门考核: pages, files, refusals, and who may look."""

from __future__ import annotations

import csv
import html
import io
from typing import Any

import pytest

from tests.api.pages.visitor import Visitor


@pytest.mark.parametrize("path", ["/rates", "/appraisal"])
def test_who_may_look_and_what_is_refused(app: Any, path: str) -> None:
    for name, status in (("chair", 200), ("auditor", 200), ("clerk", 403), ("ecology", 403)):
        assert Visitor(app).log_in(name).get(path).status_code == status, name
    chair = Visitor(app).log_in("chair")
    assert chair.get(f"{path}?from=2026-02-01&to=2026-01-01").status_code == 422
    assert chair.get(f"{path}?from=x").status_code == 422
    assert chair.get("/rates?by=nothing").status_code == 422
    assert chair.get(f"{path}.xlsx").status_code == 200


def test_the_page_and_the_file_say_the_same(app: Any) -> None:
    chair = Visitor(app).log_in("chair")
    page = html.unescape(chair.get("/appraisal?from=2000-01-01").text)
    rows = list(csv.reader(io.StringIO(chair.get("/appraisal.csv?from=2000-01-01").text)))
    ecology = next(r for r in rows if r and r[0] == "生态环境部门")
    shown = page.split("<th>生态环境部门</th>")[1].split("</tr>")[0]
    cells = [c.split("</td>")[0] for c in shown.split('<td class="n">')[1:]]
    assert [c if c != "—" else "" for c in cells] == ecology[1:]
    assert int(ecology[1]) >= 1
