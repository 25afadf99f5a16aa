"""A sound rulebook and the faults that are planted in it (tests/corpus/faults)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import read_yaml
from evaluator.rulebook.files import Layers
from tests.support import ROOT

FAULTS = ROOT / "tests" / "corpus" / "faults"
TODAY = dt.date(2024, 6, 3)


def base_layers() -> dict[str, str]:
    """The texts of the sound rulebook that every fault is planted in."""
    base = FAULTS / "base"
    return {p.relative_to(base).as_posix(): p.read_text("utf-8") for p in base.rglob("*.yaml")}


def planted(fault: dict[str, Any]) -> Layers:
    """The rulebook with one fault."""
    files = base_layers()
    for edit in fault["edits"]:
        text = files[edit["file"]]
        if "append" in edit:
            text += edit["append"] + "\n"
        else:
            assert text.count(edit["find"]) == 1, edit["find"]
            text = text.replace(edit["find"], edit["put"])
        files[edit["file"]] = text
    return (("base", files),)


def read(path: Path) -> dict[str, Any]:
    """A fault file as plain data."""
    node = read_yaml(path.name, path.read_text("utf-8"), Problems())
    assert node is not None
    data = plain(node)
    assert isinstance(data, dict)
    return data


FAULT_FILES = sorted(FAULTS.glob("*.yaml"))
