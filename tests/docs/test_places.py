"""Every file, module and link that the documents and the comments of YAML files name is there."""

from __future__ import annotations

import ast
import fnmatch
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT

TOPS = ("evaluator", "api", "tests", "scripts", "docs", "rules", "profiles", "benchmarks", "deploy")
PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(TOPS)})/[\w.*/{{}},-]*[\w*/]")
MODULE = re.compile(r"(?<![\w./-])(?:evaluator|api|scripts|benchmarks|tests)(?:\.\w+)+(?!/)")
CODE = re.compile(r"`([^`\n]+)`")
PYTHON = re.compile(r"(?<![\w.<>*-])(?:\w+/)*\w+\.py(?!\w)")
LINK = re.compile(r"\]\((?!https?:|#|mailto:)([^)#\s]+)")


@cache
def files() -> frozenset[str]:
    """What the repository holds, or will with what is about to be added."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    )
    if listed.returncode == 0:
        return frozenset(line for line in listed.stdout.splitlines() if (ROOT / line).exists())
    tops = [p for top in TOPS for p in (ROOT / top).rglob("*")]
    return frozenset(p.relative_to(ROOT).as_posix() for p in [*ROOT.glob("*"), *tops])


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Each document, and of each YAML file its comments."""
    documents = [f for f in files() if f.endswith(".md") and not f.startswith(("tests/", "web/"))]
    out = [(name, (ROOT / name).read_text("utf-8")) for name in sorted(documents)]
    for name in sorted(f for f in files() if f.endswith((".yaml", ".yml"))):
        if not name.startswith("tests/corpus/"):
            lines = (ROOT / name).read_text("utf-8", "replace").splitlines()
            out.append((name, "\n".join(line for line in lines if line.lstrip().startswith("#"))))
    return tuple(out)


def there(path: str) -> bool:
    """Whether a path, which may hold * or {a,b}, names something."""
    if "{" in path:
        head, _, tail = path.partition("{")
        inner, _, rest = tail.partition("}")
        return all(there(head + part + rest) for part in inner.split(","))
    path = path.rstrip("/")
    if path.startswith("rules/") and any(there(f"profiles/*/{path}{t}") for t in ("", "/*")):
        return True  # A place in any rulebook.
    return any(f.startswith(f"{path}/") or fnmatch.fnmatchcase(f, path) for f in files())


@cache
def names_of(file: Path) -> frozenset[str]:
    """Every name that a module binds."""
    out: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.alias):
            out.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            out.add(node.id)
    return frozenset(out)


def module_there(dotted: str) -> bool:
    """Whether a dotted name is a module, or something that a module has at its top."""
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:count])
        file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
        if file.is_file() or (base.is_dir() and count == len(parts)):
            return count == len(parts) or parts[count] in names_of(file)
    return False


def wrong(name: str, text: str) -> list[str]:
    """The places in a text that are not there."""
    out = [p for p in PATH.findall(text) if not there(p)]
    out += [m for m in MODULE.findall(text) if not m.endswith(".md") and not module_there(m)]
    for code in CODE.findall(text):
        for python in PYTHON.findall(code):
            if not any(f == python or f.endswith(f"/{python}") for f in files()):
                out.append(python)
    if name.endswith(".md"):
        folder = (ROOT / name).parent
        out += [link for link in LINK.findall(text) if not (folder / link).exists()]
    return list(dict.fromkeys(out))


@pytest.mark.parametrize("name", [name for name, _ in texts()])
def test_every_place_named_is_there(name: str) -> None:
    assert wrong(name, dict(texts())[name]) == []


def test_what_is_not_there_is_found() -> None:
    text = "see `evaluator/yamlio.py`, evaluator.evaluate.combine, `yamlindent.py` and [x](none.md)"
    assert wrong("docs/x.md", text) == [
        "evaluator/yamlio.py",
        "evaluator.evaluate.combine",
        "yamlindent.py",
        "none.md",
    ]


def test_the_picture_draws_every_package() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn = {
        top: set(re.findall(r"[a-z]+", picture))
        for top, picture in re.findall(r"^```text (\w+)\n(.*?)^```$", text, re.M | re.S)
    }
    assert set(drawn) == {"evaluator", "api"}
    for top, words in drawn.items():
        inside = (ROOT / top).iterdir()
        packages = {p.name for p in inside if (p / "__init__.py").is_file()} - {"data"}
        assert packages <= words, packages - words
