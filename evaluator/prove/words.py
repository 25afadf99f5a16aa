"""The words a rulebook can tell apart: finitely many representatives of every text field.

Rules look at a text only through equality and through prefixes that the rulebook writes down. So
each text behaves like one of: a word that is written somewhere, that word with something after it,
or a word that nothing mentions. For industry codes, all valid GB/T 4754 codes are sorted into
these classes.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from stdnum.cn import uscc

from evaluator.dossier.fields import Field, FieldType
from evaluator.rulebook import ast, walk
from evaluator.rulebook.criteria import INDUSTRY
from evaluator.values.industries import industries
from evaluator.values.national_codes import INDUSTRY_SECTIONS

OTHER = "其他"
ALPHABET = set("0123456789ABCDEFGHJKLMNPQRTUWXY")  # GB 32100
CREDIT_BODY = "9135010000000000X"


def mentioned(
    rulesets: Iterable[ast.Ruleset], conditions: Iterable[ast.Condition]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Words by field that rules, tables or ``conditions`` write, and keys by record field."""
    words: dict[str, set[str]] = {}
    keys: dict[str, set[str]] = {}
    all_conditions: list[ast.Condition | None] = list(conditions)
    for ruleset in rulesets:
        for criterion in ruleset.criteria.values():
            for row in (r for p in criterion.periods for r in p.rows):
                for dimension, options in row.keys.items():
                    words.setdefault(dimension, set()).update(options)
        for rule in ruleset.rules.values():
            all_conditions += rule.halves
    for ruleset in rulesets:
        for leaf in walk.leaves(*all_conditions):
            if isinstance(leaf, ast.Member):
                written = words.setdefault(leaf.field, set())
                written.update(str(o) for o in leaf.options)
                if leaf.criterion and leaf.criterion in ruleset.criteria:
                    for period in ruleset.criteria[leaf.criterion].periods:
                        written.update(period.codes)
            elif isinstance(leaf, ast.Each):
                dimension = ruleset.registry.fields[leaf.field].key or "key"
                if leaf.criterion in ruleset.criteria:
                    for period in ruleset.criteria[leaf.criterion].periods:
                        for row in period.rows:
                            keys.setdefault(leaf.field, set()).update(row.keys.get(dimension, ()))
    return words, keys


def _by_prefix(candidates: Iterable[str], words: set[str]) -> tuple[str, ...]:
    """One candidate for each longest word that it starts with, and each word that it is."""
    by_class: dict[tuple[str, bool], str] = {}
    for text in candidates:
        prefix = next((text[:n] for n in range(len(text), 0, -1) if text[:n] in words), "")
        by_class.setdefault((prefix, prefix == text), text)
    return tuple(sorted(by_class.values()))


def credit_classes(words: set[str]) -> tuple[str, ...]:
    """Valid social credit codes: one for each prefix that is written, and others."""
    bodies = [w + CREDIT_BODY[len(w) : 17] for w in words if len(w) <= 17]
    bodies += [f"{d}{CREDIT_BODY[1:]}" for d in "9123456780"]
    own = {w for w in words if len(w) == 18 and uscc.is_valid(w)}
    made = [b + uscc.calc_check_digit(b) for b in bodies if set(b) <= ALPHABET]
    return _by_prefix([*sorted(own), *(c for c in made if uscc.is_valid(c))], words)


@lru_cache(maxsize=2)
def _valid_codes(table: bool) -> tuple[str, ...]:
    """Every industry code that can be stated, the longest first: a witness reads best in full.

    With ``table`` those of GB/T 4754-2017, else every well-formed one.
    """
    if table:
        return tuple(sorted((c for c in industries() if len(c) > 1), key=lambda c: (-len(c), c)))
    divisions = [
        f"{section}{number:02d}"
        for section, (low, high) in INDUSTRY_SECTIONS.items()
        for number in range(low, high + 1)
    ]
    groups = [f"{d}{n}" for d in divisions for n in range(10)]
    return tuple([f"{g}{n}" for g in groups for n in range(10)] + groups + divisions)


def industry_classes(words: set[str], table: bool = False) -> tuple[str, ...]:
    """One valid code for each set of codes that ``words`` cannot tell apart."""
    return _by_prefix(_valid_codes(table), words)


def text_classes(words: set[str]) -> tuple[str, ...]:
    """One text for each set of texts that ``words`` cannot tell apart."""
    fresh = OTHER
    while any(fresh in w for w in words):
        fresh += OTHER
    own = sorted(w for w in words if w.strip() == w and w)
    return (fresh, *own, *(w + fresh for w in own))


def classes(field: Field, words: set[str]) -> tuple[str, ...]:
    """The representatives of a field of words; for an enumeration its values."""
    if field.type is FieldType.ENUM:
        return tuple(field.values)
    if field.format == INDUSTRY:
        return industry_classes(words, field.table is not None)
    if field.format == "credit_code":
        return credit_classes(words)
    return text_classes(words)
