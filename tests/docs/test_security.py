"""The table of OWASP ASVS 5.0.0: every requirement of levels 1 and 2 once, and where each is met."""

from __future__ import annotations

import re
from collections import Counter

from tests.support import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
# How many requirements of levels 1 and 2 each section of the standard has; they are numbered from 1 on,
# and level 3 has the numbers after them.
SECTIONS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5,
    "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2,
    "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11,
    "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1,
    "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
    "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5,
    "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d", line)
]


def test_every_requirement_stands_there_once() -> None:
    wanted = {f"{section}.{n}" for section, most in SECTIONS.items() for n in range(1, most + 1)}
    told = [number for row in ROWS for number in row[0].split("、")]
    assert sorted(told) == sorted(wanted)


def test_what_is_met_names_a_place_that_is_there() -> None:
    for numbers, what, result, place in ROWS:
        assert what, numbers
        assert bool(place) == (result == "符合"), numbers
        if place:
            path, _, name = place.strip("`").partition("::")
            assert (ROOT / path).exists(), f"{numbers}: {path}"
            if name:
                text = (ROOT / path).read_text("utf-8")
                assert f"def {name}(" in text, f"{numbers}: {place}"


def test_the_sums_are_those_of_the_table() -> None:
    counted: Counter[str] = Counter()
    for numbers, _, result, _ in ROWS:
        counted[result] += len(numbers.split("、"))
    said = f"合计：符合 {counted['符合']} 条，不适用 {counted['不适用']} 条，不符合 {counted['不符合']} 条。"
    assert said in PAGE
    assert set(counted) == {"符合", "不适用", "不符合"}
