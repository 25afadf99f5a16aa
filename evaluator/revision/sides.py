"""Both rulesets over one table of dossiers: the changed rules and cards side by side, in columns.

``olds`` holds what the old ruleset finds, ``judge_new`` adds what the changed rules of the new one do
and the points of changed cards on both sides; ``settle`` makes of them the table ``judged``, and
``list_touched`` names the dossiers for which anything differs.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from functools import lru_cache, reduce
from operator import or_
from types import MappingProxyType
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

from evaluator.dossier.fields import AMOUNTS
from evaluator.engine.columnar import Layout, compile_ruleset
from evaluator.engine.columnar.layout import score_columns
from evaluator.engine.columnar.outputs import packed_bit, packed_columns, verdict_of
from evaluator.portfolio.duck import sql_of
from evaluator.portfolio.sql import quote
from evaluator.revision.changed import card_inputs, changed_cards, changed_rules
from evaluator.revision.outcome import Points, Scored, Touched
from evaluator.revision.tally import Tally, changes_of, moved_rules
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.reads import fields_of, fields_read
from evaluator.rulebook.verdict import Status

ALWAYS = frozenset({"submitted_on", "industry_code"})  # Dated rules and tables look at these.
NAMED = ("project_id", "industry_code", *AMOUNTS)  # The columns of ``named``.


def fields_judged_by(ruleset: Ruleset) -> frozenset[str]:
    """The fields that have to be there to judge by a ruleset."""
    read = {n.partition(".")[0] for r in ruleset.rules.values() for n in fields_of(r, ruleset)}
    return ALWAYS | read


def _only(ruleset: Ruleset, rules: frozenset[str], cards: frozenset[str] | None = None) -> Ruleset:
    """A ruleset with some of its rules; and of its cards, where these are given."""
    kept = {r: rule for r, rule in ruleset.rules.items() if r in rules}
    part = dataclasses.replace(ruleset, rules=MappingProxyType(kept))
    if cards is None:
        return part
    held = {c: card for c, card in ruleset.scorecards.items() if c in cards}
    return dataclasses.replace(part, scorecards=MappingProxyType(held))


class Sides:
    """The old ruleset's rules, and the changed ones of the new, as masks in one table."""

    def __init__(self, tally: Tally) -> None:
        self.tally = tally
        self.changed = changed_rules(tally.old, tally.new)
        self.cards = changed_cards(tally.old, tally.new)
        self.part = _only(tally.new, self.changed)
        self.old = list(tally.old.rules.values())
        self.new = list(self.part.rules.values())
        self.same = [n for n, r in enumerate(self.old) if r.id not in self.changed]
        names = packed_columns(len(self.old))
        masks = dict.fromkeys(names, "int16")
        olds = ibis.table({"row_id": "int64", "verdict": "string", **masks}, name="olds")
        self.names = [f"o_{m}" for m in names]
        self.table: ir.Table = olds.rename({f"o_{m}": m for m in names})
        if self.new:
            added = packed_columns(len(self.new))
            masks = dict.fromkeys(added, "int16")
            news = ibis.table({"row_id": "int64", **masks}, name="news")
            news = news.rename({"other": "row_id", **{f"n_{m}": m for m in added}})
            self.table = self.table.join(news, self.table["row_id"] == news["other"])
            self.names += [f"n_{m}" for m in added]
        self.points = {s: self._columns(s, rs) for s, rs in (("o", tally.old), ("n", tally.new))}

    def _columns(self, side: str, ruleset: Ruleset) -> dict[str, tuple[str, str, str]]:
        """The columns of ``judged`` for a side's changed cards: least, most, grade."""
        numbered = enumerate(c for c in sorted(self.cards) if c in ruleset.scorecards)
        return {c: (f"{side}_low{n}", f"{side}_high{n}", f"{side}_grade{n}") for n, c in numbered}

    @property
    def reads(self) -> frozenset[str]:
        """The fields that judging the changed rules and cards rests on; none where there is nothing
        to judge again."""
        if not self.new and not self.cards:
            return frozenset()
        found = set(fields_judged_by(self.part))
        for ruleset in (self.tally.old, self.tally.new):
            cards = (c for c in self.cards if c in ruleset.scorecards)
            read = fields_read(ruleset, *card_inputs(ruleset, cards))
            found.update(n.partition(".")[0] for n in read)
        return frozenset(found)

    def judge_new(self, db: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        """The tables ``news``, of the changed rules, and ``o_points``, ``n_points``. Raises TooWide."""
        if self.new:
            plan = compile_ruleset(self.part, layout, ())
            db.execute(f"CREATE TEMP TABLE news AS {sql_of(plan.packed())}")
        for side, ruleset in (("o", self.tally.old), ("n", self.tally.new)):
            columns = self.points[side]
            if columns:
                part = _only(ruleset, frozenset(), frozenset(columns))
                results = sql_of(compile_ruleset(part, layout, (), scores=True).masks())
                named = ", ".join(
                    f"{quote(was)} AS {name}"
                    for card, names in columns.items()
                    for was, name in zip(score_columns(card), names, strict=True)
                )
                db.execute(
                    f"CREATE TEMP TABLE {side}_points AS SELECT row_id, {named} FROM ({results})"
                )

    def settle(self, db: duckdb.DuckDBPyConnection) -> None:
        """The table ``judged``: row_id, old and new verdict, the masks and points of both sides, and
        whether anything differs; the matrix is counted."""
        joined = "".join(
            f" JOIN {side}_points USING (row_id)" for side in "on" if self.points[side]
        )
        tests = ["old <> new", *(self._differs(rule) for rule in sorted(self.changed))]
        tests += [
            f"{x} IS DISTINCT FROM {y}"
            for card in sorted(self.cards)
            for x, y in zip(*(self.points[s].get(card, ("NULL",) * 3) for s in "on"), strict=True)
        ]
        db.execute(
            f"CREATE TEMP TABLE judged AS SELECT *, {' OR '.join(tests)} AS touched "
            f"FROM ({sql_of(self.judged())}){joined}"
        )
        counted = db.execute("SELECT old, new, count(*) FROM judged GROUP BY ALL").fetchall()
        for a, b, n in counted:
            self.tally.matrix[a, b] += n

    def _differs(self, rule: str) -> str:
        """SQL for whether a rule's finding is another one."""
        at = {
            side: next((n for n, r in enumerate(rules) if r.id == rule), None)
            for side, rules in (("o", self.old), ("n", self.new))
        }
        tests = []
        for what in ("violated", "unknown", "applicable"):
            bits = []
            for side, n in at.items():
                if n is None:
                    bits.append("false")
                    continue
                mask, bit = packed_bit(what, n)
                bits.append(f"({side}_{mask} & {bit}) <> 0")
            tests.append(f"({bits[0]}) <> ({bits[1]})")
        return " OR ".join(tests)

    def judged(self) -> ir.Table:
        """row_id, old, new, and the masks."""
        t = self.table
        new = t["verdict"]
        if self.changed:
            blocking = (Effect.REJECT, Effect.REFER)
            new = verdict_of(
                self._any("violated", (Effect.REJECT,)),
                self._any("violated", (Effect.REFER,)),
                self._any("unknown", blocking),
                self._any("applicable", tuple(Effect)),
            )
        return t.select("row_id", *self.names, old=t["verdict"], new=new)

    def _any(self, what: str, effects: tuple[Effect, ...]) -> Any:
        wanted: dict[str, int] = {}
        for side, rules, numbers in (
            ("o", self.old, self.same),
            ("n", self.new, range(len(self.new))),
        ):
            for n in numbers:
                if rules[n].effect in effects:
                    mask, bit = packed_bit(what, n)
                    wanted[f"{side}_{mask}"] = wanted.get(f"{side}_{mask}", 0) | bit
        tests = [(self.table[name] & bits) != 0 for name, bits in wanted.items()]
        return reduce(or_, tests) if tests else ibis.literal(False)

    def statuses(self, held: dict[str, int]) -> tuple[dict[str, Status], dict[str, Status]]:
        """What the changed rules find, before and after; not in force counts as not applicable."""
        out: tuple[dict[str, Status], dict[str, Status]] = ({}, {})
        for side, rules, side_statuses in (("o", self.old, out[0]), ("n", self.new, out[1])):
            for n, rule in enumerate(rules):
                if rule.id in self.changed:
                    side_statuses[rule.id] = _status(held, side, n)
        return out

    def list_touched(self, db: duckdb.DuckDBPyConnection, layout: Layout) -> None:
        """Those for which anything differs, with what ``named`` tells of them, in the order of their
        rows."""
        tally = self.tally
        at = [name for name in self.names if self._tells(name)]
        cards = sorted(self.cards)
        points = [
            name for card in cards for s in "on" for name in self.points[s].get(card, ("NULL",) * 3)
        ]
        times = [layout.number(n).times for n in AMOUNTS]

        @lru_cache(maxsize=100_000)
        def found(masks: tuple[int, ...], moved: bool) -> tuple[Any, Any]:
            before, after = self.statuses(dict(zip(at, masks, strict=True)))
            rules = moved_rules(tally.old, tally.new, before, after) if moved else ()
            return rules, changes_of(before, after)

        @lru_cache(maxsize=100_000)
        def amount(value: Any, times: int) -> Fraction | None:
            return None if value is None else Fraction(value) / times

        columns = ", ".join(
            [
                "row_id",
                *(f"n.{n}" for n in NAMED),
                "j.old",
                "j.new",
                *points,
                *(f"j.{m}" for m in at),
            ]
        )
        cursor = db.execute(
            f"SELECT {columns} FROM judged j JOIN named n USING (row_id) WHERE j.touched ORDER BY row_id"
        )
        first = 3 + len(AMOUNTS)  # Of the verdicts.
        while chunk := cursor.fetchmany(20_000):
            for row in chunk:
                old, new = row[first : first + 2]
                given = row[first + 2 : first + 2 + len(points)]
                rules, findings = found(row[first + 2 + len(points) :], old != new)
                amounts = tuple(map(amount, row[3:first], times))
                scores = tuple(
                    Scored(
                        card,
                        _points(given[6 * n : 6 * n + 3]),
                        _points(given[6 * n + 3 : 6 * n + 6]),
                    )
                    for n, card in enumerate(cards)
                    if given[6 * n : 6 * n + 3] != given[6 * n + 3 : 6 * n + 6]
                )
                tally.touched.append(
                    Touched(str(row[0]), row[1], row[2], old, new, rules, findings, scores, amounts)
                )

    def _tells(self, name: str) -> bool:
        """Whether a mask tells of a changed rule."""
        side, mask = name.split("_")
        rules = self.old if side == "o" else self.new
        return any(
            mask in (packed_bit("violated", n)[0], packed_bit("applicable", n)[0])
            for n, r in enumerate(rules)
            if r.id in self.changed
        )


def _points(columns: tuple[Any, ...]) -> Points:
    low, high, grade = columns
    return Points(
        None if low is None else Fraction(low), None if high is None else Fraction(high), grade
    )


def _status(held: dict[str, int], side: str, n: int) -> Status:
    for what, status in (
        ("violated", Status.VIOLATED),
        ("unknown", Status.UNKNOWN),
        ("applicable", Status.SATISFIED),
    ):
        mask, bit = packed_bit(what, n)
        if held[f"{side}_{mask}"] & bit:
            return status
    return Status.NOT_APPLICABLE
