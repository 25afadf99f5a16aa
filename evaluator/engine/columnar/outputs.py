"""What a compiled ruleset gives: statuses, masks, verdicts with rule ids, findings with values.

Each stage is a SELECT of its own so that nothing is computed twice: two truths a rule, then bit
masks of ``CHUNK`` rules, then verdict and rule ids as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import ibis
import ibis.expr.types as ir

from evaluator.engine.columnar.conditions import Conditions
from evaluator.rulebook.ast import Compare, Effect, Rule, Ruleset, leaves
from evaluator.verdict import Status, Verdict

__all__ = ["CHUNK", "Plan"]

MAX_ARGUMENTS = 90  # PostgreSQL takes 100.
CHUNK = 5  # Rules a mask; a mask indexes a constant list of 2**CHUNK texts.


@dataclass(frozen=True)
class Plan:
    """The compiled ruleset.

    ``truths`` gives, for rule n, a{n}: whether it is in force and applies, and i{n}: whether it
    is met or does not apply; both NULL where that is unknown.
    """

    ruleset: Ruleset
    rules: tuple[Rule, ...]
    conditions: Conditions
    base: ir.Table
    truths: dict[str, Any]
    kept: tuple[str, ...]

    # --- outputs -------------------------------------------------------------------------------

    def statuses(self) -> ir.Table:
        """``row_id`` and the status of every rule, in a column s{n}; not in force counts as
        not applicable."""
        t = self._stage({})
        return t.select("row_id", **{f"s{n}": self._status(t, n) for n in range(len(self.rules))})

    def masks(self) -> ir.Table:
        """``row_id``, the kept columns, verdict, and masks v{c}, u{c}, a{c} of CHUNK rules each."""
        t = self._stage({})
        columns: dict[str, Any] = {}
        for c, chunk in enumerate(self._chunks()):
            columns[f"v{c}"] = _mask([ibis.ifelse(~t[f"i{n}"], b, 0) for b, n in chunk])
            # Not isnull(): Ibis may write NOT (x) IS NULL, which SQL reads as NOT (x IS NULL).
            columns[f"u{c}"] = _mask(
                [ibis.ifelse(t[f"i{n}"] | ~t[f"i{n}"], 0, b) for b, n in chunk]
            )
            columns[f"a{c}"] = _mask([ibis.ifelse(~t[f"a{n}"], 0, b) for b, n in chunk])
        masked = t.select("row_id", *self.kept, **columns)
        return masked.mutate(verdict=self._verdict(masked))

    def results(self, lookup: bool) -> ir.Table:
        """One row a dossier: ``row_id``, kept columns, verdict, and ``violated``, ``unknown`` and
        ``applicable``, rule ids in order with spaces between.

        ``lookup`` reads the ids out of constant lists (fast in DuckDB), else they are put together.
        """
        m = self.masks()
        applicable = [f"a{c}" for c in range(len(self._chunks()))]
        if lookup:
            # Few distinct sets, each with many ids: decoded once a set, not once a row.
            sets = m.select(*applicable).distinct()
            sets = sets.mutate(applicable=self._ids(sets, "a", lookup))
            m = m.join(sets, applicable, rname="{name}__set")
            last = m["applicable"]
        else:
            last = self._ids(m, "a", lookup)
        return m.select(
            "row_id", *self.kept, "verdict", violated=self._ids(m, "v", lookup),
            unknown=self._ids(m, "u", lookup), applicable=last,
        )  # fmt: skip

    def findings(self) -> ir.Table:
        """A row for each rule in force and applicable and each comparison of what it requires.

        Columns: row_id, kept columns, rule, status, leaf (0, 1, …), ``value`` and ``required``
        as exact text ("36000/60"), ``value_about`` and ``required_about`` as doubles for reading.
        A rule without a comparison has one row without values.
        """
        parts: list[ir.Table] = []
        columns: dict[str, Any] = {}
        index: list[tuple[int, int, bool]] = []
        for n, rule in enumerate(self.rules):
            found = [x for x in leaves(rule.require) if isinstance(x, Compare)]
            for k, leaf in enumerate(found):
                left = self.conditions.amount(leaf.left)
                right = self.conditions.amount(leaf.right)
                columns |= {
                    f"x{n}_{k}": left.text(), f"r{n}_{k}": right.text(),
                    f"xa{n}_{k}": left.approximate(), f"ra{n}_{k}": right.approximate(),
                }  # fmt: skip
                index.append((n, k, True))
            if not found:
                index.append((n, 0, False))
        truths = self._stage(columns)
        none, nan = ibis.null("string"), ibis.null("float64")
        for n, k, compared in index:
            t = truths.filter(truths[f"a{n}"].fill_null(True))
            parts.append(
                t.select(
                    "row_id", *self.kept, rule=ibis.literal(self.rules[n].id),
                    status=self._status(t, n), leaf=ibis.literal(k, "int16"),
                    value=t[f"x{n}_{k}"] if compared else none,
                    required=t[f"r{n}_{k}"] if compared else none,
                    value_about=t[f"xa{n}_{k}"] if compared else nan,
                    required_about=t[f"ra{n}_{k}"] if compared else nan,
                )
            )  # fmt: skip
        return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]

    # --- parts ---------------------------------------------------------------------------------

    def _stage(self, more: dict[str, Any]) -> ir.Table:
        return self.base.select("row_id", *self.kept, **self.truths, **more)

    def _chunks(self) -> list[list[tuple[int, int]]]:
        """(bit, rule number) of each mask."""
        numbers = range(len(self.rules))
        return [
            [(1 << i, n) for i, n in enumerate(numbers[start : start + CHUNK])]
            for start in range(0, len(self.rules), CHUNK)
        ]

    def _status(self, t: ir.Table, n: int) -> Any:
        return ibis.cases(
            (~t[f"a{n}"], Status.NOT_APPLICABLE.value), (t[f"i{n}"], Status.SATISFIED.value),
            (~t[f"i{n}"], Status.VIOLATED.value), else_=Status.UNKNOWN.value,
        )  # fmt: skip

    def _any(self, m: ir.Table, mask: str, effects: tuple[Effect, ...]) -> Any:
        tests = []
        for c, chunk in enumerate(self._chunks()):
            wanted = sum(b for b, n in chunk if self.rules[n].effect in effects)
            full = sum(b for b, _ in chunk)
            if wanted:
                bits = m[f"{mask}{c}"] if wanted == full else m[f"{mask}{c}"] & wanted
                tests.append(bits != 0)
        return reduce(or_, tests) if tests else ibis.literal(False)

    def _verdict(self, m: ir.Table) -> Any:
        every = (Effect.REJECT, Effect.REFER, Effect.ADVISE)
        return ibis.cases(
            (self._any(m, "v", (Effect.REJECT,)), Verdict.REJECT.value),
            (self._any(m, "v", (Effect.REFER,)), Verdict.REFER.value),
            (self._any(m, "u", (Effect.REJECT, Effect.REFER)), Verdict.REFER.value),
            (self._any(m, "a", every), Verdict.PASS.value),
            else_=Verdict.REFER.value,
        )

    def _ids(self, m: ir.Table, mask: str, lookup: bool) -> Any:
        parts = []
        for c, chunk in enumerate(self._chunks()):
            bits = m[f"{mask}{c}"]
            if lookup:
                # One literal to be split, since a list of literals is slow to compile.
                texts = ";".join(
                    " ".join(self.rules[n].id for b, n in chunk if b & i)
                    for i in range(1 << len(chunk))
                )
                # Most masks are zero: the lookup is left to the rows where they are not.
                found = ibis.literal(texts).split(";")[bits]
                parts.append(ibis.ifelse(bits != 0, found, ibis.null("string")))
            else:
                parts += [
                    ibis.ifelse((bits & b) != 0, self.rules[n].id, ibis.null("string"))
                    for b, n in chunk
                ]
        return _joined(parts)


def _joined(parts: list[Any]) -> Any:
    """Texts with spaces between, without those that are NULL; "" where all are."""
    if len(parts) > MAX_ARGUMENTS:
        groups = [parts[i : i + MAX_ARGUMENTS] for i in range(0, len(parts), MAX_ARGUMENTS)]
        return _joined([_joined(g).nullif("") for g in groups])
    return ibis.literal(" ").join(parts) if parts else ibis.literal("")


def _mask(bits: list[Any]) -> Any:
    return reduce(lambda a, b: a + b, bits)
