"""The lexicon of a registry, compiled: which names, phrases and contexts to look for in a text.

The shipped fields have theirs in data/lexicon.yaml, fields of a city in its own field file. A name
may stand for several fields; the unit beside it decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from evaluator.documents.text import folded, wildcard
from evaluator.dossier.fields import Field, FieldType, Registry, base_registry
from evaluator.dossier.lexicon import Lexicon, read_lexicon
from evaluator.problems.errors import Problems, RulebookError
from evaluator.reading.yaml.reader import Reader, plain
from evaluator.reading.yaml.scan import YMap, read_yaml


@dataclass(frozen=True, slots=True)
class Term:
    """One name in a text, and the fields it may stand for; none where it is something else.

    The fields of ``loose`` are meant only beside the words that their lexicon asks for.
    """

    start: int
    end: int
    text: str
    fields: tuple[str, ...]
    loose: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern that means ``value`` of a field."""

    field: str
    value: str | bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Shipped:
    """data/lexicon.yaml as read."""

    fields: Mapping[str, Lexicon]
    others: tuple[str, ...]
    contexts: Mapping[str, tuple[str, ...]]
    columns: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Words:
    """Everything that is looked for, ready to use."""

    registry: Registry
    lexicons: Mapping[str, Lexicon]
    strict: Mapping[str, tuple[str, ...]]
    loose: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]
    names: re.Pattern[str]
    phrases: tuple[Phrase, ...]
    contexts: Mapping[str, re.Pattern[str]]
    columns: Mapping[str, re.Pattern[str]]
    others: frozenset[str]
    options: Mapping[str, tuple[str, str]]

    def terms(self, text: str) -> list[Term]:
        """The names in a plain text, longest first, none within another."""
        out = []
        for match in self.names.finditer(text):
            name = match[0]
            strict, loose = self.strict.get(name, ()), self.loose.get(name, ())
            if not strict and not loose and name not in self.others:
                strict = self.labels.get(name, ())
            out.append(Term(match.start(), match.end(), name, strict + loose, loose))
        return out

    def of_phase(self, term: Term, phase: str | None) -> Term:
        """一期总投资 where the project is its first phase: the name behind the phase."""
        if phase is None or term.fields or not term.text.startswith(phase):
            return term
        name = term.text.removeprefix(phase)
        strict, loose = self.strict.get(name, ()), self.loose.get(name, ())
        return Term(term.start, term.end, term.text, strict + loose, loose)

    def field(self, name: str) -> Field:
        """A declared field, or one key of a record ("emissions.COD")."""
        return self.registry.references[name]

    def lexicon(self, name: str) -> Lexicon:
        """The lexicon of a field, or of the record that a key belongs to."""
        return self.lexicons[name.partition(".")[0]]


def alternation(words: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of the words, the longest first."""
    listed = sorted({folded(w) for w in words if w}, key=lambda w: (-len(w), w))
    return re.compile("|".join(map(re.escape, listed)) if listed else r"(?!)")


def _patterns(words: Iterable[str]) -> re.Pattern[str]:
    listed = sorted({wildcard(w) for w in words if w}, key=lambda w: (-len(w), w))
    return re.compile("|".join(listed) if listed else r"(?!)")


@lru_cache(maxsize=1)
def shipped() -> Shipped:
    """The shipped lexicon."""
    text = resources.files("evaluator.data").joinpath("lexicon.yaml").read_text("utf-8")
    problems = Problems()
    root = read_yaml("lexicon.yaml", text, problems)
    if problems or not isinstance(root, YMap):
        raise RulebookError(problems)
    reader = Reader(root, problems, "lexicon.yaml")
    entries = dict(reader.mapping("fields", required=True) or ())
    known = base_registry().fields
    fields: dict[str, Lexicon] = {}
    for name, node in entries.items():
        lexicon = read_lexicon(node, f"字段“{name}”", known[name].values, problems)
        if lexicon is not None:
            fields[name] = lexicon
    others = [item for group in reader.list_of("others") for item in _texts(plain(group))]
    contexts = {k: _texts(plain(v)) for k, v in reader.mapping("contexts") or ()}
    columns = {k: _texts(plain(v)) for k, v in reader.mapping("columns") or ()}
    reader.finish()
    if problems:
        raise RulebookError(problems)
    return Shipped(fields, tuple(others), contexts, columns)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(v) for v in value) if isinstance(value, list) else ()


def _lexicon_of(field: Field, base: Shipped) -> Lexicon:
    return field.excerpt or base.fields.get(field.name) or Lexicon()


def words_of(registry: Registry) -> Words:
    """The compiled lexicon of a registry."""
    base = shipped()
    lexicons = {name: _lexicon_of(f, base) for name, f in registry.fields.items()}
    strict: dict[str, list[str]] = {}
    loose: dict[str, list[str]] = {}
    labels: dict[str, list[str]] = {}
    phrases: list[Phrase] = []
    for name, field in registry.fields.items():
        lexicon = lexicons[name]
        for word in (field.label, *lexicon.names):
            strict.setdefault(folded(word), []).append(name)
        for word in lexicon.loose:
            loose.setdefault(folded(word), []).append(name)
        for word in lexicon.labels:
            labels.setdefault(folded(word), []).append(name)
        phrases += _phrases(field, lexicon)
    others = frozenset(folded(o) for o in base.others) - strict.keys()
    names = alternation([*strict, *loose, *others])
    # "电1350万度", "人：招380个": what else is only a label in a table.
    short = alternation(w for w in labels if w not in strict and w not in loose and w not in others)
    names = re.compile(rf"{names.pattern}|(?:^|(?<=[，。；;、\s]))(?:{short.pattern})(?=[:\d])")
    return Words(
        registry,
        lexicons,
        _once(strict),
        _once(loose),
        _once(labels),
        names,
        tuple(phrases),
        {k: _patterns(v) for k, v in base.contexts.items()},
        {k: _patterns(v) for k, v in base.columns.items()},
        others,
        _options(registry, lexicons),
    )


def _options(registry: Registry, lexicons: Mapping[str, Lexicon]) -> Mapping[str, tuple[str, str]]:
    """The field and the option that a text names, no more and no less: 高新技术企业."""
    out: dict[str, tuple[str, str]] = {}
    for name, field in registry.fields.items():
        if field.type is FieldType.ENUM:
            for code, phrases in lexicons[name].options.items():
                for phrase in (field.values[code], *phrases) if code != "none" else ():
                    out.setdefault(folded(phrase), (name, code))
    return out


def _once(named: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {k: tuple(dict.fromkeys(v)) for k, v in named.items()}


def _phrases(field: Field, lexicon: Lexicon) -> list[Phrase]:
    """The phrases of a field, the longer before the shorter of the same value."""
    said: list[tuple[str, str | bool]] = []
    if field.type is FieldType.BOOL:
        said += [(p, False) for p in lexicon.no] + [(p, True) for p in lexicon.yes]
    elif field.type is FieldType.ENUM:
        said += [(p, code) for code, ps in lexicon.options.items() for p in ps]
    else:
        said += [(p, "0") for p in lexicon.none]
    ordered = sorted(said, key=lambda s: -len(s[0]))
    return [Phrase(field.name, value, re.compile(_pattern(p))) for p, value in ordered]


def _pattern(phrase: str) -> str:
    """A phrase as a pattern; 外企 is not meant in 另外企业."""
    short = len(phrase) == 2 and phrase.endswith("企")
    return (
        rf"(?:^|(?<=[^\u4e00-\u9fff])|(?<=[是为系属级]))(?:{phrase})(?!业)"
        if short
        else wildcard(phrase)
    )
