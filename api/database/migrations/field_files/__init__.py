"""The field files of the versions given out, frozen: migrations read these, never the running one.

A stored ruleset is told apart by its identity, which covers its fields. To give out a version its
field file is copied here (see CHANGELOG.md), whether it changed or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources
from types import MappingProxyType
from typing import Any

from evaluator.rulebook.load import try_layers


def known_texts() -> tuple[str, ...]:
    """The texts of all versions, the newest first."""
    files = [f for f in resources.files(__name__).iterdir() if f.name.endswith(".yaml")]
    files.sort(key=lambda f: [int(n) for n in f.name.removesuffix(".yaml").split(".")])
    return tuple(f.read_text("utf-8") for f in reversed(files))


def matching(identity: str, layers: Any, texts: Iterable[str]) -> str | None:
    """The first of ``texts`` under which stored layers have this identity; None where none does."""
    read = tuple((name, MappingProxyType(files)) for name, files in layers)
    for text in texts:
        ruleset, _ = try_layers(read, text)
        if ruleset is not None and ruleset.identity == identity:
            return text
    return None
