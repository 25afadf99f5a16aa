"""Benchmarks, scripts and tests import what is there: nothing else runs all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from tests.support import ROOT

OURS = ("evaluator", "api", "scripts", "benchmarks", "tests")
OUTSIDE = ("benchmarks", "scripts", "tests")


def file_of(module: str) -> Path | None:
    """The file of a module or package; None where there is none."""
    path = ROOT.joinpath(*module.split("."))
    return next((f for f in (path.with_suffix(".py"), path / "__init__.py") if f.is_file()), None)


@lru_cache
def names_in(file: Path) -> frozenset[str]:
    """What a module binds at its top."""
    return frozenset(
        name for node in ast.parse(file.read_text("utf-8")).body for name in bound(node)
    )


def bound(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (n.asname or n.name.split(".")[0] for n in names)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.If(body=body, orelse=orelse) | ast.Try(body=body, orelse=orelse):
            for inner in (*body, *orelse):
                yield from bound(inner)
        case _:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    yield inner.id


def missing(file: Path) -> Iterator[str]:
    """What a file imports of this repository that is not there."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if not isinstance(node, ast.ImportFrom) or (node.module or "").split(".")[0] not in OURS:
            continue
        module = str(node.module)
        source = file_of(module)
        # A package may show names when they are first used.
        lazy = source is not None and "__getattr__" in names_in(source)
        for name in node.names:
            known = source is not None and (lazy or name.name in {"*", *names_in(source)})
            # A folder without __init__.py is a package, too.
            folder = ROOT.joinpath(*module.split("."), name.name)
            if not known and file_of(f"{module}.{name.name}") is None and not folder.is_dir():
                yield f"{module}.{name.name}"


@pytest.mark.parametrize("top", OUTSIDE)
def test_what_is_imported_is_there(top: str) -> None:
    files = [f for f in (ROOT / top).rglob("*.py") if "node_modules" not in f.parts]
    assert len(files) > 5
    assert {str(f.relative_to(ROOT)): m for f in files if (m := list(missing(f)))} == {}


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "from evaluator.values.units import ONE, nothing\nfrom evaluator.gone import x\n"
    )
    assert list(missing(file)) == ["evaluator.values.units.nothing", "evaluator.gone.x"]
