"""docs/errors.md, its source and the code name the same problem codes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from evaluator.reading.yaml.scan import read_yaml
from evaluator.rulebook.checks import CHECKS
from scripts.docs.problem_codes import pages, render_docs

ROOT = Path(__file__).parents[2]
CODE = re.compile(r"[A-Z]\d{3}")


@cache
def codes_used() -> dict[str, str]:
    """Every string in evaluator/ that is a problem code, with one file that holds it."""
    found: dict[str, str] = {}
    for path in sorted((ROOT / "evaluator").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and CODE.fullmatch(node.value)
            ):
                found.setdefault(node.value, path.relative_to(ROOT).as_posix())
    return found


def test_every_code_has_a_page() -> None:
    missing = {code: file for code, file in codes_used().items() if code not in pages()}
    assert missing == {}, "add these to evaluator/data/problem_codes.yaml"


def test_every_page_has_a_use() -> None:
    assert [code for code in pages() if code not in codes_used()] == []


def test_docs_are_rendered() -> None:
    message = "run: python -m scripts.docs.problem_codes > docs/errors.md"
    assert (ROOT / "docs" / "errors.md").read_text("utf-8") == render_docs(), message


def test_checks_have_a_code_each() -> None:
    codes = [check.code for check in CHECKS]
    assert len(set(codes)) == len(codes)
    assert all(code in pages() for code in codes)
    for check in CHECKS:
        assert type(check).__doc__


def examples() -> Iterator[tuple[str, str]]:
    for page in pages().values():
        if page.right:
            yield page.code, page.right


@pytest.mark.parametrize(("code", "text"), list(examples()))
def test_right_examples_are_yaml(code: str, text: str) -> None:
    problems: list[object] = []
    read_yaml(code, text.replace("…", ""), problems)  # type: ignore[arg-type]
    assert problems == []
