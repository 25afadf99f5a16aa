"""Tables of dossiers for the columnar engine on every backend, and what each row must say.

A database has 38 digits. Random rulesets and dossiers mix 30-digit numbers with hairs of 10**-12, so
one table often cannot hold them; ``judgeable`` then takes the rows apart, and at last the rules,
until what is left out is a rule on a row that no exact decimals can judge.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from evaluator.cases.book import read_cases
from evaluator.dossier.dossier import Profile, make_profile
from evaluator.engine.columnar import Layout, Plan, TooWide, compile_ruleset
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import combine
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.verdict import Status
from tests.engine.columnar.memory import tables_of
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT

T = TypeVar("T")
Row = tuple[Profile, dt.date]
RESULT = 'verdict, violated, "unknown", applicable'
Result = tuple[str, str, str, str]
LATER = dt.date(2026, 1, 1)


@dataclass(frozen=True)
class Made:
    """Rows that one table holds, and rules that judge them exactly."""

    ruleset: Ruleset
    rows: list[Row]
    plan: Plan
    main: pa.Table
    items: pa.Table


@dataclass
class Tables:
    """What is to be judged, and how many findings (rules times rows) are left out of it."""

    made: list[Made] = field(default_factory=list)
    left_out: int = 0

    @property
    def findings(self) -> int:
        """How many findings there are to compare."""
        return sum(len(m.ruleset.rules) * len(m.rows) for m in self.made)

    def __iadd__(self, other: Tables) -> Tables:
        self.made += other.made
        self.left_out += other.left_out
        return self


def examples(ruleset: Ruleset) -> list[Row]:
    """Every example, judged when it was submitted, years later, and before most rules began."""
    rows: list[Row] = []
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        found = make_profile(ruleset.registry, **yaml.safe_load(path.read_text("utf-8"))["dossier"])
        rows += [(found, day) for day in (found.submitted_on, LATER, dt.date(2019, 1, 1))]
    return rows


_CORPORA: dict[tuple[str, Path], tuple[Row, ...]] = {}


def corpus(ruleset: Ruleset, root: Path = ROOT) -> list[Row]:
    """Every example and every case of the rulebook: cases of one rule and of a whole dossier."""
    key = (ruleset.identity, root)
    if key not in _CORPORA:
        problems = Problems()
        cases = read_cases(ruleset, problems, root)
        assert not problems
        assert len(cases.rules) > 200
        assert len(cases.dossiers) > 10
        rows = [(c.profile, c.as_of) for c in (*cases.rules, *cases.dossiers)]
        _CORPORA[key] = (*examples(ruleset), *rows)
    return list(_CORPORA[key])


def expected(ruleset: Ruleset, rows: list[Row]) -> list[Result]:
    """Verdict, violated, unknown and applicable rule ids of each row, by the reference engine.

    Together they say the status of every rule.
    """
    reference = ReferenceEngine(ruleset)
    out: list[Result] = []
    for found, day in rows:
        statuses = reference.statuses(found, day)

        violated = [i for i, s in statuses.items() if s is Status.VIOLATED]
        unknown = [i for i, s in statuses.items() if s is Status.UNKNOWN]
        applicable = [i for i, s in statuses.items() if s is not Status.NOT_APPLICABLE]
        verdict = combine(ruleset, statuses).value
        out.append((verdict, " ".join(violated), " ".join(unknown), " ".join(applicable)))
    return out


def profile_of_row(ruleset: Ruleset, row: dict[str, Any]) -> Profile:
    """A row of a table with a column for each field as the dossier that it stands for."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        record, _, key = name.partition("__")
        if key and value is not None:
            values.setdefault(record, []).append({"key": key, "value": value})
        elif not key:
            values[name] = value
    return make_profile(ruleset.registry, **values)


def judgeable(ruleset: Ruleset, rows: list[Row]) -> Tables:
    """The rows with all rules, in as few tables as hold them exactly."""
    try:
        layout, main, items = tables_of(ruleset.registry, rows)
    except TooWide:
        return _halves(ruleset, rows)
    try:
        plan = compile_ruleset(ruleset, layout)
    except TooWide:
        narrow, wide = _sorted_out(ruleset, layout)
        found = _halves(_only(ruleset, wide), rows)
        if narrow:
            ruleset = _only(ruleset, narrow)
            plan = compile_ruleset(ruleset, layout)
            found.made.append(Made(ruleset, rows, plan, main, items))
        return found
    return Tables([Made(ruleset, rows, plan, main, items)])


def _only(ruleset: Ruleset, rules: list[Rule]) -> Ruleset:
    return replace(ruleset, rules={r.id: r for r in rules})


def _halves(ruleset: Ruleset, rows: list[Row]) -> Tables:
    if len(rows) == 1:
        return Tables([], len(ruleset.rules))
    middle = len(rows) // 2
    found = judgeable(ruleset, rows[:middle])
    found += judgeable(ruleset, rows[middle:])
    return found


def _sorted_out(ruleset: Ruleset, layout: Layout) -> tuple[list[Rule], list[Rule]]:
    """The rules that can be judged exactly in this layout, and those that cannot."""
    narrow: list[Rule] = []
    wide: list[Rule] = []
    for rule in ruleset.rules.values():
        try:
            compile_ruleset(_only(ruleset, [rule]), layout)
        except TooWide:
            wide.append(rule)
        else:
            narrow.append(rule)
    return narrow, wide


def drawn(strategy: st.SearchStrategy[T], count: int) -> list[T]:
    """``count`` examples, the same in every run, to be judged together."""
    found: list[T] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def draw(example: T) -> None:
        found.append(example)

    draw()
    return found


def random_rows(ruleset: Ruleset, count: int, plain: bool = False) -> list[Row]:
    """Dossiers on and beside the thresholds of a ruleset, with days on and beside its dates."""
    row = st.tuples(dossiers(ruleset, plain=plain), as_of_dates(ruleset))
    return drawn(row, count)


def random_tables(count: int, rows: int, plain: bool) -> Tables:
    """``count`` random rulesets, each with up to ``rows`` rows of its own."""

    @st.composite
    def example(draw: st.DrawFn) -> tuple[Ruleset, list[Row]]:
        ruleset = draw(rulesets(plain=plain))
        row = st.tuples(dossiers(ruleset, plain=plain), as_of_dates(ruleset))
        return ruleset, draw(st.lists(row, min_size=1, max_size=rows))

    found = Tables()
    for ruleset, drawn_rows in drawn(example(), count):
        found += judgeable(ruleset, drawn_rows)
    return found
