"""The corpus of small rulebooks: good ones, and bad ones with one mistake each.

A bad folder holds only what differs from good/minimal, and ``expected.txt``: every problem as it is
shown. ``UPDATE_GOLDEN=1 pytest tests/rulebook/test_bad_rulebooks.py`` writes what is found now; read the
difference before committing it.
"""

from __future__ import annotations

from pathlib import Path

from evaluator.rulebook.files import Layers

CORPUS = Path(__file__).parents[1] / "corpus" / "rulebooks"
MINIMAL = CORPUS / "good" / "minimal"
BAD = tuple(sorted(p for p in (CORPUS / "bad").iterdir() if p.is_dir()))


def texts(directory: Path) -> dict[str, str]:
    """The YAML files of a folder by name, byte for byte."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes().decode("utf-8")
        for path in sorted(directory.rglob("*.yaml"))
    }


def bad_layers(directory: Path) -> Layers:
    """The minimal rulebook with the files of a bad folder in place of its own."""
    return (("base", {**texts(MINIMAL), **texts(directory)}),)
