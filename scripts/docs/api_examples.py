"""The examples of the contract, out of real answers: ``python -m scripts.docs.api_examples``.

Walks through every operation (``tests/api/contract/journey.py``) and writes one answer of each to
``api/openapi/examples.json``, long lists cut. Run it where an operation or an answer is new.
"""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.api.contract.journey import walk
from tests.api.support import ROOT

OUT = ROOT / "api" / "openapi" / "examples.json"
MOST = 2
DEEP = 4
# Signs of a text: the files of a rulebook are no example.
LONG = 600
# What is given once, or would look like something secret.
HIDDEN = {
    "secret": "JBSWY3DPEHPK3PXP",
    "uri": "otpauth://totp/…",
    "password": "kX7-…",
    "key": "adk_…",
    "second_half": "…-q3W",
}


def main() -> None:
    """Write the examples."""
    with TemporaryDirectory() as directory:
        answers = walk(Path(directory))
    shown = {name: cut(_richest(told)) for name, told in sorted(answers.items()) if told}
    OUT.write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{OUT.relative_to(ROOT)}: {len(shown)} operations")


def _richest(told: list[Any]) -> Any:
    """The answer that says most, so that an example is no empty one."""
    return max(told, key=lambda one: len(json.dumps(cut(one))))


def cut(value: Any, depth: int = 0, name: str = "") -> Any:
    """JSON data with its lists shortened, the deeper the shorter."""
    if isinstance(value, dict):
        if depth > DEEP and len(value) > 12:
            value = dict(list(value.items())[:MOST])
        return {k: cut(v, depth + 1, k) for k, v in value.items()}
    if isinstance(value, list):
        return [cut(v, depth + 1) for v in value[: MOST if depth < DEEP else 1]]
    if isinstance(value, str) and name in HIDDEN:
        return HIDDEN[name]
    if isinstance(value, str) and len(value) > LONG:
        return value[:LONG] + "…"
    return value


if __name__ == "__main__":
    main()
