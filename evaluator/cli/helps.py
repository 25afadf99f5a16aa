"""What a command says of itself, read from its source without importing it.

The list of all commands would otherwise import the solver, the pages and the database to show a line
of each.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def help_of(source: str) -> str | None:
    """The first paragraph of the help of ``module:typer_app`` or ``module:typer_app#command``; None where it is not found."""
    path, _, inner = source.partition("#")
    module, _, app = path.partition(":")
    tree = _tree(module)
    if tree is None:
        return None
    if not inner and (elsewhere := _imported_from(tree, app)):
        return help_of(f"{elsewhere}:{app}")
    own = None if inner else _help_of_app(tree, app)
    said = own or next((h for n, h in _commands(tree) if inner in ("", n)), None)
    return said.partition("\n\n")[0] if said else None


@cache
def _tree(module: str) -> ast.Module | None:
    spec = find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return ast.parse(Path(spec.origin).read_bytes())


def _imported_from(tree: ast.Module, name: str) -> str | None:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and any(a.name == name for a in node.names):
            return node.module
    return None


def _help_of_app(tree: ast.Module, name: str) -> str | None:
    """``help`` of ``name = typer.Typer(…)``."""
    for node in tree.body:
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)):
            continue
        if any(isinstance(t, ast.Name) and t.id == name for t in node.targets):
            for given in node.value.keywords:
                if given.arg == "help":
                    return str(ast.literal_eval(given.value))
    return None


def _commands(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Name and docstring of each command: ``@app.command("name")`` or ``app.command("name")(function)``."""
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [_command(d) for d in node.decorator_list]
            said: ast.FunctionDef | None = node
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name):
            names = [_command(node.func)]
            said = functions.get(node.args[0].id)
        else:
            continue
        doc = ast.get_docstring(said) if said else None
        yield from ((n, inspect.cleandoc(doc)) for n in names if n and doc)


def _command(node: ast.expr) -> str | None:
    """The name in ``app.command("name")``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        name = node.args[0]
        if node.func.attr == "command" and isinstance(name, ast.Constant):
            return str(name.value)
    return None
