"""The third set: twenty documents of their own projects and layouts, read whole."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.documents.reading import Reading, read
from evaluator.documents.settle import Excerpt
from evaluator.dossier.fields import base_registry
from tests.documents.builders import Made, build
from tests.documents.third import DOCUMENTS


def _of(reading: Reading, project: str | None) -> list[Excerpt]:
    return [
        e
        for found in reading.dossiers
        if project is None or found.project == project
        for e in found.excerpts
    ]


def _wanted(truth: Any) -> tuple[str, Any]:
    return (truth[0], truth[1]) if isinstance(truth, tuple) else ("exact", truth)


@pytest.mark.parametrize("made", DOCUMENTS, ids=[d.name for d in DOCUMENTS])
def test_a_document_says_what_it_says(made: Made) -> None:
    reading = read(made.name, build(made), base_registry())
    missed, wrong = [], []
    for project, truths in (made.project or {None: made.truth}).items():
        excerpts = _of(reading, project)
        for name, truth in truths.items():
            kind, value = _wanted(truth)
            found = [(e.value, e.kind) for e in excerpts if e.field == name]
            if (value, kind) not in found:
                missed.append((project, name, value, kind, found))
        wrong += [
            (e.field, e.value, e.quote)
            for e in excerpts
            if e.ticked and e.field in truths and e.value != _wanted(truths[e.field])[1]
        ]
    assert missed == []
    assert wrong == []


@pytest.mark.parametrize("made", DOCUMENTS, ids=[d.name for d in DOCUMENTS])
def test_no_trap_is_ticked(made: Made) -> None:
    reading = read(made.name, build(made), base_registry())
    ticked = {(e.field, e.value) for e in _of(reading, None) if e.ticked}
    assert ticked.isdisjoint((name, v) for name, values in made.traps.items() for v in values)


def test_only_what_is_exact_is_ticked_and_every_excerpt_has_its_quote() -> None:
    for made in DOCUMENTS:
        for e in _of(read(made.name, build(made), base_registry()), None):
            assert not e.ticked or e.kind == "exact"
            assert e.quote.strip()
            assert e.place


def test_one_table_of_several_projects_gives_several_dossiers() -> None:
    made = next(d for d in DOCUMENTS if d.project)
    reading = read(made.name, build(made), base_registry())
    assert [f.project for f in reading.dossiers] == list(made.project)
