"""How documents speak of a field: the ``excerpt`` part of a field file.

``names`` stand before (or, with a number, right behind) the value, those of ``labels`` only in a table. A name of ``loose`` counts only
where one of ``near`` stands in the same sentence, and nothing counts where one of ``never`` does.
``options`` are phrases for a choice, ``yes`` and ``no`` for a yes/no field; "…" in a phrase stands
for a few characters. ``about`` tells whose figure it is, which decides what is left out: last year's
revenue is not the project's, the enterprise's patents are. ``reads`` says that a unit means another
one here (吨 of water is 立方米).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from types import MappingProxyType

from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import Reader
from evaluator.reading.yaml.scan import Node, YMap, YScalar
from evaluator.values.units import UnitError, parse_unit, unit_hint

KEYS = {
    "names": "别的叫法",
    "labels": "只在表格里的叫法",
    "loose": "要看上下文的叫法",
    "near": "旁边要有",
    "never": "旁边不能有",
    "options": "各选项的说法",
    "yes": "表示“是”的说法",
    "no": "表示“否”的说法",
    "none": "表示没有（零）的说法",
    "about": "说的是谁",
    "reads": "单位的读法",
}
ABOUT = {"project": "项目", "enterprise": "企业", "market": "市场"}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What is looked for in documents for one field."""

    names: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    options: Mapping[str, tuple[str, ...]] = dataclass_field(default_factory=dict)
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    about: str = "project"
    reads: Mapping[str, str] = dataclass_field(default_factory=dict)


def _words(reader: Reader, key: str) -> tuple[str, ...]:
    return tuple(item.text for item in reader.words(key))


def _options(
    reader: Reader, values: Mapping[str, str], problems: Problems
) -> Mapping[str, tuple[str, ...]]:
    node = reader.mapping("options")
    if node is None:
        return MappingProxyType({})
    inner = Reader(node, problems, f"{reader.what}的“options”")
    written = [code for code, _ in node if code in values]  # The first of two that fit counts.
    for code in values:
        inner.take(code)
    out = {code: _words(inner, code) for code in written}
    inner.finish()
    return MappingProxyType(out)


def _reads(reader: Reader, problems: Problems) -> Mapping[str, str]:
    node = reader.mapping("reads")
    out: dict[str, str] = {}
    for name, value in node or ():
        text = value.text if isinstance(value, YScalar) else ""
        try:
            parse_unit(text)
        except UnitError as error:
            problems.report("E401", str(error), value.place, unit_hint(text))
            continue
        out[name] = text
    return MappingProxyType(out)


def read_lexicon(
    node: Node | None, what: str, values: Mapping[str, str], problems: Problems
) -> Lexicon | None:
    """The ``excerpt`` of one field; ``values`` are the codes that its options may have."""
    if node is None:
        return None
    if not isinstance(node, YMap):
        problems.report(
            "E202", f"{what}的“excerpt”应是键值表", node.place, "写作 {names: [总投资额]}"
        )
        return None
    r = Reader(node, problems, f"{what}的“excerpt”", KEYS)
    lexicon = Lexicon(
        names=_words(r, "names"),
        labels=_words(r, "labels"),
        loose=_words(r, "loose"),
        near=_words(r, "near"),
        never=_words(r, "never"),
        options=_options(r, values, problems),
        yes=_words(r, "yes"),
        no=_words(r, "no"),
        none=_words(r, "none"),
        about=r.choice("about", ABOUT) or "project",
        reads=_reads(r, problems),
    )
    r.finish()
    return lexicon
