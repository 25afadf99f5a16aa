"""A change of the rulebook tried without keeping it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.api.pages.visitor import Visitor


def test_accepted_warnings_are_folded_away_with_their_reasons(app: Any) -> None:
    text = (Path(__file__).parents[4] / "criteria.yaml").read_text("utf-8")
    given = {"layer": "base", "file": "criteria.yaml", "text": text}
    keeper = Visitor(app).log_in("maintainer")
    page = keeper.post("/rules/try/edit", given).text
    found = re.search(r"<summary>已接受的提醒 (\d+) 处</summary>", page)
    assert found is not None
    assert page.count("<small>理由：") == int(found[1]) > 0
    assert 'role="alert"' not in page
    # Taken out of the list, the same warnings are new ones.
    start, end = text.index("accepted:\n"), text.index("\nsources:\n")
    page = keeper.post("/rules/try/edit", {**given, "text": text[:start] + text[end:]}).text
    assert f"可以读，但有 {found[1]} 处提醒" in page
    assert "已接受的提醒" not in page


def test_thousands_of_wrong_keys_are_counted_and_the_first_shown(app: Any) -> None:
    text = "- id: positive.x\n" + "".join(f"  key{n}: 1\n" for n in range(3000))
    given = {"layer": "base", "file": "rules/positive/land.yaml", "text": text}
    keeper = Visitor(app).log_in("maintainer")
    found = keeper.post("/rules/try/check", given)
    assert len(found.content) < 200_000
    told = found.json()
    assert len(told["problems"]) == 200
    assert told["more"] > 2800
    page = keeper.post("/rules/try/edit", given)
    assert page.status_code == 422
    assert re.search(r"另有 2[0-9]{3} 处没有列出", page.text)
