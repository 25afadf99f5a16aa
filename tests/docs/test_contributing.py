"""The checklist for a new leaf or expression names every place that has to know one.

Each kind of node stands for its like: a module that names it would have to be told of a new one. What
is found in the code and not in the list is a place that whoever follows the list would forget.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import ROOT

LIST = (ROOT / "CONTRIBUTING.md").read_text("utf-8").partition("## Adding to the language")[2]
KINDS = ("Member", "Compare", "Extreme", "Choose")


def names(file: Path) -> set[str]:
    """Every name that a module uses."""
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return {
        n.id if isinstance(n, ast.Name) else n.attr
        for n in nodes
        if isinstance(n, ast.Name | ast.Attribute)
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_checklist_names_every_place_that_knows_a_kind_of_node(kind: str) -> None:
    knowing = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "evaluator").rglob("*.py")
        if kind in names(file) and file.name != "__init__.py"
    }
    assert knowing
    forgotten = {
        path
        for path in knowing
        if f"`{path}`" not in LIST and f"`{path.rpartition('/')[0]}/`" not in LIST
    }
    assert forgotten == set()
