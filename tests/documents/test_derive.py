"""What a document does not say itself is shown with its arithmetic and not ticked."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.documents.reading import answer
from evaluator.dossier.fields import base_registry


def _read(text: str) -> dict[str, dict[str, Any]]:
    found = answer("a.txt", text.encode(), base_registry())["dossiers"]
    return {e["field"]: e for d in found for e in d["excerpts"]}


def test_the_phases_of_a_whole_that_is_not_said_are_added_up() -> None:
    said = _read("湘安项目分两期建设，一期用地260亩、二期用地160.5亩，年产值3亿元。")
    area = said["land_area"]
    assert (area["value"], area["kind"], area["ticked"]) == ("420.5", "derived", False)
    assert area["note"] == "一期 260 + 二期 160.5 = 420.5"
    assert "一期用地260亩" in area["quote"]


@pytest.mark.parametrize(
    "text",
    [
        "项目用地420亩，其中一期用地260亩、二期用地160亩。",
        "项目分两期建设，一期用地260亩，二期视情况启动。",
        "项目分两期，一期用地约260亩、二期用地160亩。",
    ],
)
def test_no_sum_where_the_whole_is_said_or_a_phase_is_not(text: str) -> None:
    area = _read(text).get("land_area")
    assert area is None or area["kind"] != "derived"


def test_the_mode_of_land_use_follows_from_the_plant_that_is_let() -> None:
    said = _read("拟租厂房面积：7850平方米\n总投资4600万元。")
    mode = said["land_use_mode"]
    assert (mode["value"], mode["kind"], mode["ticked"]) == ("leased_plant", "derived", False)


def test_a_name_of_an_industry_gives_its_code() -> None:
    said = _read("所属行业：其他电子元件制造\n总投资4600万元。")
    assert (said["industry_code"]["value"], said["industry_code"]["kind"]) == ("C3989", "derived")
