"""The texts of rulebooks in the store: kept by digest, with comments, order and cases as written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.database.proposal_tables import PublicationRecord, RulesetText
from api.database.tables import Publication, StoredRuleset, dump_json
from api.errors import Invalid, Missing
from api.store.work import Work
from api.transport.names import wrong_path
from evaluator.revision.diff import diff
from evaluator.rulebook.files import Layers
from evaluator.rulebook.load import load_layers, try_layers
from evaluator.rulebook.transfer import materials_in, safe_path

MATERIALS = "@materials"  # No layer is called so: it stands for the dossier files of the cases.
MAX_CHARACTERS = 20_000_000
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Text:
    """A rulebook's files: layers, base first, and the dossier files that cases name."""

    layers: Layers
    materials: Mapping[str, str]

    def digest(self) -> str:
        """What the text is kept under."""
        return hashlib.sha256(dump_json(self.plain()).encode()).hexdigest()

    def plain(self) -> dict[str, Any]:
        """JSON data."""
        layers = [[name, dict(files)] for name, files in self.layers]
        return {"layers": layers, "materials": dict(self.materials)}

    def file(self, layer: str, path: str) -> str | None:
        """One file's text."""
        return self.files(layer).get(path)

    def files(self, layer: str) -> Mapping[str, str]:
        """The files of a layer, or the materials. Raises Missing."""
        if layer == MATERIALS:
            return self.materials
        for name, files in self.layers:
            if name == layer:
                return files
        raise Missing(f"没有这一层：{layer[:80]}")

    def with_file(self, layer: str, path: str, text: str | None) -> Text:
        """A copy with one file written, or left out by None. Raises Invalid or Missing."""
        if not safe_path(path) or not path.endswith(".yaml") or wrong_path(path, "文件名"):
            raise Invalid(
                "path", "文件名应是规则集目录内的 .yaml 文件", "如 rules/positive/land.yaml"
            )
        files = dict(self.files(layer))
        if text is None:
            if files.pop(path, None) is None:
                raise Missing(f"没有文件 {path[:200]}")
        else:
            files[path] = text
        if layer == MATERIALS:
            return Text(self.layers, MappingProxyType(files))
        layers = tuple((n, MappingProxyType(files) if n == layer else f) for n, f in self.layers)
        return Text(layers, self.materials)

    def names(self) -> list[tuple[str, str]]:
        """Every file as (layer, path)."""
        names = [(layer, path) for layer, files in self.layers for path in files]
        return names + [(MATERIALS, path) for path in self.materials]


def make_text(layers: Any, materials: Any) -> Text:
    """A text out of JSON data. Raises Invalid for names that are no files of a rulebook."""
    made: list[tuple[str, Mapping[str, str]]] = []
    for name, files in layers:
        if not safe_path(name) or "/" in name or name == MATERIALS or name in dict(made):
            raise Invalid("layers", f"层名“{name[:80]}”不能用")
        made.append((name, MappingProxyType(dict(files))))
    text = Text(tuple(made), MappingProxyType(dict(materials)))
    if not made or "criteria.yaml" not in made[-1][1]:
        raise Invalid("layers", "没有 criteria.yaml")
    names = text.names()
    bad = next(
        (
            p
            for _, p in names
            if not safe_path(p) or not p.endswith(".yaml") or wrong_path(p, "文件名")
        ),
        None,
    )
    if bad is not None:
        raise Invalid("layers", f"文件名“{bad[:120]}”不能用")
    size = sum(len(t) for _, f in made for t in f.values()) + sum(map(len, text.materials.values()))
    if len(names) > MAX_FILES or size > MAX_CHARACTERS:
        raise Invalid("layers", "规则集过大")
    return text


def store_text(work: Work, text: Text) -> str:
    """Keep a text; its digest."""
    digest = text.digest()
    if work.session.get(RulesetText, digest) is None:
        data = text.plain()
        work.session.add(RulesetText(digest=digest, stored_at=work.now, **data))
        work.session.flush()
    return digest


def load_text(session: Session, digest: str) -> Text:
    """A stored text. Raises Missing."""
    stored = session.get(RulesetText, digest)
    if stored is None:
        raise Missing(f"没有存下规则集文本 {digest[:12]}")
    layers = tuple((name, MappingProxyType(files)) for name, files in stored.layers)
    return Text(layers, MappingProxyType(stored.materials))


def head(session: Session) -> Publication:
    """The newest publication, in force or due: what a new proposal starts from. Raises Missing."""
    newest = session.scalar(select(Publication).order_by(Publication.id.desc()).limit(1))
    if newest is None:
        raise Missing("还没有发布过规则集")
    return newest


def text_of(session: Session, publication: Publication, root: Path | None = None) -> Text:
    """The text that a publication published.

    One that came from the directory kept its layers only; the dossier files that its cases name are
    then read from ``root``.
    """
    record = session.get(PublicationRecord, publication.id)
    if record is not None:
        return load_text(session, record.text)
    stored = session.get_one(StoredRuleset, publication.identity)
    layers = tuple((name, MappingProxyType(files)) for name, files in stored.layers)
    materials = materials_in(layers, root) if root is not None else {}
    return Text(layers, MappingProxyType(materials))


def touched_by(base: Text, text: Text) -> set[str]:
    """What a text changes against another; as far as it can be read."""
    old, (new, _) = load_layers(base.layers), try_layers(text.layers)
    return {f"{e.kind}:{e.id}" for e in diff(old, new).entries} if new is not None else set()


def publication_row(session: Session, publication_id: int) -> Publication:
    """A publication. Raises Missing."""
    row = session.get(Publication, publication_id)
    if row is None:
        raise Missing(f"没有第 {publication_id} 次发布")
    return row
