"""A rulebook directory as it stands in an editor: what is wrong, what names mean, what may stand where.

What may be written comes from the rulebook's JSON Schemas, as for any other editor; problems come
from the same checks as ``admission rules check`` and ``admission rules test``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import Path
from typing import Any

from evaluator.cases.book import read_cases
from evaluator.cases.run import coverage_gaps, run_cases
from evaluator.dossier.fields import FieldType
from evaluator.judgement.evaluate import Evaluator
from evaluator.lsp.where import Spot
from evaluator.lsp.words import meaning
from evaluator.problems.errors import InputError, Problem, Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.files import BASE, layer_paths, read_directory
from evaluator.rulebook.load import try_layers
from evaluator.rulebook.schema.files import kind_of, schemas

# Which kind of name stands where, in case one name means two things.
KINDS = {
    "metric": "metric",
    "criterion": "criterion",
    "source": "source",
    "rule": "rule",
    "departments": "department",
    "dimension": "dimension",
    "dimensions": "dimension",
    "field": "field",
    "known": "field",
    "each": "field",
    "sum": "field",
}
FLAGS = {"true": "是", "false": "否"}


@dataclass(frozen=True, slots=True)
class Target:
    """A place in a file; ``line`` and ``column`` are 0-based code points."""

    path: Path
    line: int
    column: int


def rulebook_of(path: Path) -> Path | None:
    """The rulebook directory that a file belongs to: the nearest above it with a criteria.yaml."""
    above = (p for p in path.resolve().parents if (p / "criteria.yaml").is_file())
    return path.parent.resolve() if path.name == "criteria.yaml" else next(above, None)


@dataclass
class Book:
    """One rulebook directory with texts not saved yet; ``check`` reads it, the rest answers."""

    root: Path
    edited: dict[Path, str] = field(default_factory=dict)
    ruleset: Ruleset | None = None
    paths: dict[str, Path] = field(default_factory=dict)
    schemas: dict[str, Any] = field(default_factory=dict)

    def check(self, *, cases: bool) -> list[tuple[Path, Problem]]:
        """Every problem with its file; ``cases`` runs the cases, too. Warnings let stand are left out."""
        edited = dict(self.edited)
        try:
            layers = read_directory(self.root, edited)
            self.paths = layer_paths(self.root, edited)
        except InputError as error:
            return [(self.root / "criteria.yaml", p) for p in error.problems]
        ruleset, problems = check_layers(layers)
        known = ruleset or try_layers(layers)[0]
        if known is not None:
            self.ruleset, self.schemas = known, schemas(known)
        if ruleset is not None:
            problems += _case_problems(ruleset, self.paths, run=cases)
        return [(self.path(p.place.source.name), p) for p in problems if p.severity != "accepted"]

    def path(self, shown: str) -> Path:
        """The file that problems call ``shown``."""
        layer, _, rest = shown.partition("/")
        own = layer != BASE and layer in self.paths and rest
        return self.paths[layer] / rest if own else self.paths.get(BASE, self.root) / shown

    # --- completion ----------------------------------------------------------------------------

    def complete(self, file: str, at: Spot) -> dict[str, str]:
        """What may stand at a spot of a file, with what each means; empty where anything may."""
        if self.ruleset is None:
            return {}
        if at.role == "value":
            about = at.field if at.key in ("equals", "in", "not_in") else at.key
            field = self.ruleset.registry.references.get(about or "")
            if field is not None:
                return FLAGS if field.type is FieldType.BOOL else dict(field.values)
            if at.key == "source":
                return {s.id: s.title for s in self.ruleset.sources.values()}
        schema = self.schemas[kind_of(file)]
        if at.role == "key":
            return {
                k: _described(v)
                for node in _under(schema, at.key)
                for part in _parts(schema, node)
                for k, v in part.get("properties", {}).items()
            }
        return {
            k: v
            for node in _named(schema, at.key)
            for part in _parts(schema, node)
            for k, v in _choices(part)
        }

    # --- hover and definition ------------------------------------------------------------------

    def _kinds(self, at: Spot) -> Iterator[str]:
        yield KINDS.get(at.key, "field" if at.role == "key" else "")
        yield from ("rule", "criterion", "metric", "field", "source", "department", "dimension")

    def hover(self, file: str, at: Spot) -> str | None:
        """What the word at a spot means, in Markdown."""
        if self.ruleset is None or not at.word:
            return None
        if at.role == "key" and at.key not in ("dossier", "change"):
            described = self.complete(file, at).get(at.word)
            if described:
                return described
        meanings = (meaning(kind, at.word, self.ruleset) for kind in self._kinds(at))
        return next(filter(None, meanings), None)

    def definition(self, at: Spot) -> Target | None:
        """Where the name at a spot is defined."""
        ruleset = self.ruleset
        if ruleset is None or not at.word:
            return None
        tables: Mapping[str, Mapping[str, Any]] = {
            "rule": ruleset.rules,
            "criterion": ruleset.criteria,
            "metric": ruleset.metrics,
        }
        for kind in self._kinds(at):
            defined = tables.get(kind, {}).get(at.word)
            if defined is not None:
                place = defined.place
                return Target(self.path(place.source.name), place.line - 1, (place.column or 1) - 1)
            target = self._searched(kind, at.word)
            if target is not None:
                return target
        return None

    def _searched(self, kind: str, word: str) -> Target | None:
        """Fields, sources and the like have no place of their own: their line is looked for."""
        name = re.escape(word.partition(".")[0])
        pattern = rf"\bname:\s*({name})\b" if kind == "field" else rf"^\s+({name}):"
        file = {"source": "criteria.yaml", "dimension": "rules/labels.yaml"}.get(
            kind, "fields.yaml"
        )
        for path in (*reversed([p / file for p in self.paths.values()]), _shipped_fields()):
            text = self.edited.get(path) or (path.read_text("utf-8") if path.is_file() else "")
            for number, line in enumerate(text.split("\n")):
                match = re.search(pattern, line)
                if match:
                    return Target(path, number, match.start(1))
        return None


def _shipped_fields() -> Path:
    return Path(str(resources.files("evaluator.data").joinpath("fields.yaml")))


def _case_problems(ruleset: Ruleset, root: Mapping[str, Path], *, run: bool) -> list[Problem]:
    problems = Problems()
    cases = read_cases(ruleset, problems, root=root)
    if not run:
        return problems
    evaluator = Evaluator(ruleset, "reference")
    results = run_cases(cases, evaluator)
    problems += [r.problem() for r in results if not r.passed]
    # A rule is written before its cases, so that a missing one is no mistake yet.
    gaps = [replace(gap.problem(), severity="warning") for gap in coverage_gaps(ruleset, cases)]
    return problems + gaps


# --- JSON Schema -----------------------------------------------------------------------------------


def _parts(schema: Any, node: Any) -> Iterator[Any]:
    """A schema and every alternative and item that it allows, references followed."""
    if "$ref" in node:
        yield from _parts(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]])
        return
    yield node
    for choice in node.get("anyOf", ()):
        yield from _parts(schema, choice)
    for branch in ("then", "else"):
        if branch in node:
            yield from _parts(schema, node[branch])
    if "items" in node:
        yield from _parts(schema, node["items"])


def _walk(node: Any) -> Iterator[Any]:
    if isinstance(node, Mapping):
        yield node
        for child in node.values():
            yield from _walk(child)
    elif isinstance(node, list):
        for child in node:
            yield from _walk(child)


def _named(schema: Any, key: str) -> list[Any]:
    """The schemas of every entry of that name, wherever one may stand."""
    return [n["properties"][key] for n in _walk(schema) if key in n.get("properties", ())]


def _under(schema: Any, key: str) -> list[Any]:
    """The schemas of what stands under an entry; a name that people choose counts as any such."""
    if not key:
        return [schema]
    free = [n["additionalProperties"] for n in _walk(schema) if n.get("additionalProperties")]
    return _named(schema, key) or free


def _described(node: Any) -> str:
    if not isinstance(node, Mapping):
        return ""
    said = node.get("description") or node.get("title")
    return said or next((t for n in node.get("anyOf", ()) if (t := _described(n))), "")


def _choices(node: Any) -> Iterator[tuple[str, str]]:
    if "const" in node:
        yield str(node["const"]), node.get("title", "")
    said = node.get("description", "")
    for word in node.get("enum", ()):
        label = re.search(rf"(?<![\w.]){re.escape(str(word))}（([^）]*)）", said)
        yield str(word), label[1] if label else ""
