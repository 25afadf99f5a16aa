"""Whoever turns projects away needs a document: a reject on a value that nobody published.

An office may adopt a stricter line, but by a paper of its own: a source with a number, an issuer, a
day of publication, or a place where it was read. A source that is a title alone is an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from evaluator.problems.errors import Problem
from evaluator.problems.source import Place
from evaluator.rulebook import ast
from evaluator.rulebook.checks.base import problem
from evaluator.rulebook.criteria import Criterion, Source
from evaluator.rulebook.reads import criteria_of

CODE, NEW_CODE = "W961", "E944"
HINT = (
    "本市发文定下数值，再在标准的 source 写那份文件（文号、发文机关、发布日或读处），clause 写条款；"
    "没有文件的，effect 写 refer"
)


class RejectWithoutDocument:
    """A rule that rejects by a value whose source is no document that could be shown."""

    code: ClassVar[str] = CODE
    whole: ClassVar[bool] = False

    def run(self, ruleset: ast.Ruleset) -> Iterable[Problem]:
        for rule, what, notes in _undocumented(ruleset):
            message = f"规则“{rule.id}”不予准入，{what}没有文件作依据"
            yield problem(self.code, message, rule.place, HINT, notes, subject=rule.id)


def new_rejects(old: ast.Ruleset, new: ast.Ruleset) -> Iterator[Problem]:
    """E944 for each rule that rejects without a document in ``new`` and did not in ``old``."""
    before = {rule.id for rule, _, _ in _undocumented(old)}
    for rule, what, notes in _undocumented(new):
        if rule.id not in before:
            message = f"规则“{rule.id}”改为不予准入，{what}没有文件作依据"
            yield problem(NEW_CODE, message, rule.place, HINT, notes, subject=rule.id)


def _undocumented(
    ruleset: ast.Ruleset,
) -> Iterator[tuple[ast.Rule, str, tuple[tuple[str, Place], ...]]]:
    """Rules that reject, what of them has no document, and where that stands."""
    for rule in ruleset.rules.values():
        if rule.effect is not ast.Effect.REJECT:
            continue
        read = criteria_of(rule, ruleset)
        bare = [c for c in read.values() if not all(map(is_document, sources_of(c)))]
        if bare:
            names = "、".join(f"“{c.id}”" for c in bare)
            yield rule, f"所用标准 {names} ", tuple((c.title, c.place) for c in bare)
        elif not read and not any(map(is_document, _cited(rule, ruleset))):
            yield rule, "basis 里", ()


def _cited(rule: ast.Rule, ruleset: ast.Ruleset) -> Iterator[Source]:
    """The sources of a rule's basis, those of a criterion that it names too."""
    for basis in rule.basis:
        if basis.source is not None:
            yield basis.source
        elif basis.criterion is not None:
            yield from sources_of(ruleset.criteria[basis.criterion])


def sources_of(criterion: Criterion) -> Iterator[Source]:
    """What each of its values, or each of its lists, is taken from."""
    for period in criterion.periods:
        if period.codes and period.provenance is not None:
            yield period.provenance.source
        yield from (row.provenance.source for row in period.rows)


def is_document(source: Source) -> bool:
    """Whether somebody else can find it: it has a number, an issuer, a day, or a place."""
    return any((source.number, source.issuer, source.published, source.seen_at))
