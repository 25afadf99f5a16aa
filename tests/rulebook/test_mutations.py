"""Whatever happens to a rulebook's text, it loads or is refused with problems; nothing is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.problems.errors import RulebookError
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_layers
from tests.rulebook.corpus import MINIMAL, texts

ROOT = Path(__file__).parents[2]
SHIPPED = {k: v for k, v in read_directory(ROOT)[0][1].items() if not k.endswith(".cases.yaml")}
SMALL = texts(MINIMAL)
TOKENS = [
    "no",
    "010",
    "1:30",
    "[]",
    "{}",
    "null",
    "~",
    "*a",
    "&a x",
    "!!int 5",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "\t",
    "：",
    "，",
    "-1",
    "0",
    "1e9",
    "9" * 50,
    "1900-01-01",
    "2200-12-31",
    "true",
    "[[]]",
    "{a: b}",
    "known",
    "all",
    "not",
    "each",
    "criterion",
    "metric",
    "field",
    "sum",
    "#",
    "|",
    ">",
    "\n",
    "   ",
    "%",
    "@",
    "\u3000",
    "\u200b",
    "\ud800",
    "\x00",
    "😀",
    "industry_code",
    "emissions",
    "emissions.COD",
    "value",
    "rows",
    "codes",
    "gap",
    "from",
    "until",
    "land_area",
    '""',
    "'{}'",
    "{x}",
    "1.10",
    "[1, 2]",
    "C39",
    "c39",
    "万元/公顷",
    "亩/亩/亩/亩/亩/亩/亩/亩",
    "0.0",
    "1" * 5000,
    "<<: 1",
]
WORD = re.compile(r"[^\s:,\[\]{}]+")


@st.composite
def mutations(draw: st.DrawFn, files: dict[str, str], most: int) -> dict[str, str]:
    """A rulebook with up to ``most`` random edits of one of its files."""
    name = draw(st.sampled_from(sorted(files)))
    text = files[name]
    for _ in range(draw(st.integers(1, most))):
        text = draw(edits(text))
    return {**files, name: text}


@st.composite
def edits(draw: st.DrawFn, text: str) -> str:
    kind = draw(st.sampled_from(["word", "insert", "cut", "drop", "double", "indent", "copy"]))
    lines = text.split("\n")
    at_line = draw(st.integers(0, len(lines) - 1))
    at = draw(st.integers(0, len(text)))
    match kind:
        case "word" | "copy":
            words = list(WORD.finditer(text))
            if not words:
                return text
            found = draw(st.sampled_from(words))
            other = draw(st.sampled_from(TOKENS if kind == "word" else [w[0] for w in words]))
            return text[: found.start()] + other + text[found.end() :]
        case "insert":
            return text[:at] + draw(st.sampled_from(TOKENS)) + text[at:]
        case "cut":
            return text[:at] + text[at + draw(st.integers(1, 40)) :]
        case "drop":
            return "\n".join(lines[:at_line] + lines[at_line + 1 :])
        case "double":
            return "\n".join(lines[: at_line + 1] + lines[at_line:])
        case _:
            lines[at_line] = " " * draw(st.integers(1, 4)) + lines[at_line]
            return "\n".join(lines)


def check(files: dict[str, str]) -> None:
    layers = (("base", files),)
    ruleset, problems = check_layers(layers)
    for problem in problems:
        assert problem.render()
        assert problem.to_dict()["file"]
    if ruleset is None:
        with pytest.raises(RulebookError) as error:
            load_layers(layers)
        assert error.value.problems
        assert str(error.value)
        return
    loaded = load_layers(layers)
    assert ruleset.identity == loaded.identity
    # Every rule, metric and criterion that is written is there.
    written = {
        i for name, text in files.items() if name.startswith("rules/") for i in rule_ids(text)
    }
    assert written <= loaded.rules.keys()


def rule_ids(text: str) -> list[str]:
    return re.findall(
        r"(?m)^- id: ((?:positive|negative|prudence|integrity)\.[a-z0-9_.]+) *$", text
    )


@settings(max_examples=120, deadline=None)
@given(mutations(SMALL, 3))
def test_small_rulebook(files: dict[str, str]) -> None:
    check(files)


@settings(max_examples=15, deadline=None)
@given(mutations(SHIPPED, 2))
def test_shipped_rulebook(files: dict[str, str]) -> None:
    check(files)
