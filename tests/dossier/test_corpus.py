"""Bad dossier files, each with the messages that a clerk reads (NAME.expected.txt beside it).

``UPDATE_CORPUS=1 pytest tests/dossier/test_corpus.py`` rewrites the expected texts; read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evaluator.dossier.fields import base_registry
from evaluator.dossier.files import read_dossiers
from evaluator.problems.errors import DossierError

CORPUS = Path(__file__).parents[1] / "corpus" / "dossiers"
FILES = sorted(p for p in CORPUS.iterdir() if not p.name.endswith(".expected.txt"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_messages(path: Path) -> None:
    with pytest.raises(DossierError) as caught:
        read_dossiers((path.name, path.read_bytes()), base_registry())
    found = f"{caught.value}\n"
    expected = path.with_name(f"{path.name}.expected.txt")
    if os.environ.get("UPDATE_CORPUS"):
        expected.write_text(found, "utf-8")
    assert found == expected.read_text("utf-8")
    assert all(
        p.code[0] in "DE" and p.place.source.name == path.name for p in caught.value.problems
    )


def test_nothing_left_over() -> None:
    expected = {p.name.removesuffix(".expected.txt") for p in CORPUS.glob("*.expected.txt")}
    assert expected == {p.name for p in FILES}
