"""What the tests of the service share: dossiers out of the examples, and an application."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from api.settings import Settings
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.yamlio import YMap, plain, read_yaml

ROOT = Path(__file__).parent.parent.parent
JSON = {"content-type": "application/json"}


@lru_cache(maxsize=1)
def shipped() -> Ruleset:
    """The shipped rulebook."""
    return load_directory(ROOT)


def settings(**over: Any) -> Settings:
    """Settings for tests: quiet, and without a rate limit."""
    return Settings(**{"log_level": "ERROR", "rate_limit": 0, **over})


def example(stem: str) -> dict[str, Any]:
    """The dossier of ``examples/<stem>*.yaml`` as JSON data."""
    path = next(iter(sorted((ROOT / "examples").glob(f"{stem}*.yaml"))))
    node = read_yaml(path.name, path.read_text("utf-8"), [])
    assert isinstance(node, YMap)
    dossier = node.get("dossier")
    assert dossier is not None
    out = _json(plain(dossier))
    assert isinstance(out, dict)
    return out


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_json(v) for v in value]
    return str(value) if isinstance(value, (Decimal, dt.date)) else value
