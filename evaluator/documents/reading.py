"""The face of the package: a file in, its dossiers with suggested values out, as plain data too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evaluator.documents.extract import Found, extract
from evaluator.documents.industry import Candidate, candidates
from evaluator.documents.layout import Document
from evaluator.documents.lexicon import Words, words_of
from evaluator.documents.opened import read_document
from evaluator.documents.settle import Excerpt
from evaluator.dossier.fields import Registry
from evaluator.problems.errors import DossierError


@dataclass(frozen=True, slots=True)
class Reading:
    """One file: the document itself and the dossiers in it."""

    document: Document
    dossiers: tuple[Found, ...]


@lru_cache(maxsize=4)
def _words(held: _Held) -> Words:
    return words_of(held.registry)


class _Held:
    """A registry as a key, by identity: compiling its lexicon takes longer than reading a page."""

    __slots__ = ("registry",)

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def __hash__(self) -> int:
        return id(self.registry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and other.registry is self.registry


def read(name: str, data: bytes, registry: Registry) -> Reading:
    """Read a document. Raises DossierError where it cannot be read."""
    document = read_document(name, data)
    words = _words(_Held(registry))
    return Reading(document, tuple(extract(words, document)))


def answer(name: str, data: bytes, registry: Registry) -> dict[str, Any]:
    """What the command and the API give for a file; problems are in it, none is raised."""
    try:
        reading = read(name, data, registry)
    except DossierError as error:
        return {"file": name, "dossiers": [], "problems": [p.to_dict() for p in error.problems]}
    return {
        "file": name,
        "sha256": reading.document.sha256,
        "pages": reading.document.pages,
        "dossiers": [_dossier(f) for f in reading.dossiers],
        "notes": list(reading.document.notes),
        "problems": [],
    }


def _dossier(found: Found) -> dict[str, Any]:
    out: dict[str, Any] = {
        "project": found.project,
        "excerpts": [excerpt_data(e) for e in found.excerpts],
    }
    if not any(e.field == "industry_code" and e.ticked for e in found.excerpts):
        out["industries"] = [_candidate(c) for c in industry_candidates(found)]
    return out


def industry_candidates(found: Found) -> list[Candidate]:
    """The five classes of GB/T 4754 that the project's name and products fit best."""
    return candidates(found.project or "", found.about)


def _candidate(c: Candidate) -> dict[str, Any]:
    return {"code": c.code, "name": c.name, "words": list(c.words)}


def excerpt_data(e: Excerpt) -> dict[str, Any]:
    """One excerpt as JSON."""
    out: Mapping[str, Any] = {
        "field": e.field,
        "value": e.value,
        "unit": e.unit,
        "kind": e.kind,
        "ticked": e.ticked,
        "quote": e.quote,
        "place": e.place,
        "page": e.page,
        "high": e.high,
        "bound": e.bound,
        "note": e.note,
        "also": list(e.also) or None,
    }
    always = {"field", "value", "unit", "kind", "ticked", "quote", "place"}
    return {k: v for k, v in out.items() if k in always or v is not None}
