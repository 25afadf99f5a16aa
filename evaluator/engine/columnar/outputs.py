"""What a compiled ruleset gives: statuses, masks, verdicts with rule ids, findings with values.

Each stage is a SELECT of its own so that nothing is computed twice: what the rules require and
where they apply (once for all rules that apply alike), then bit masks of ``CHUNK`` rules, then
verdict and rule ids as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import ibis
import ibis.expr.types as ir

from evaluator.engine.columnar.conditions import Conditions
from evaluator.engine.columnar.scores import Shown
from evaluator.rulebook import ast, walk
from evaluator.rulebook.verdict import Status, Verdict

MAX_ARGUMENTS = 90  # PostgreSQL takes 100.
CHUNK = 7  # Rules a mask, a SMALLINT whose halves each index a constant list of 2**CHUNK texts.
HIGH = 1 << CHUNK


@dataclass(frozen=True)
class Plan:
    """The compiled ruleset.

    ``required[n]`` is whether what rule n requires holds, ``applies[groups[n]]`` whether it is in
    force and applies (``groups[n]`` None: always); both NULL where that is unknown. ``later`` are the
    rules that are not due at the stage: what is unknown of them is not due, and counts for nothing.
    """

    ruleset: ast.Ruleset
    rules: tuple[ast.Rule, ...]
    conditions: Conditions
    base: ir.Table
    applies: tuple[Any, ...]
    groups: tuple[int | None, ...]
    required: tuple[Any, ...]
    kept: tuple[str, ...]
    later: frozenset[int] = frozenset()
    scores: tuple[Shown, ...] = ()

    @property
    def score_names(self) -> list[str]:
        """The columns of the scores."""
        return [name for card in self.scores for name in card.columns]

    # --- outputs -------------------------------------------------------------------------------

    def statuses(self) -> ir.Table:
        """``row_id`` and the status of every rule, in a column s{n}; not in force counts as
        not applicable."""
        t = self._stage({})
        return t.select("row_id", **{f"s{n}": self._status(t, n) for n in range(len(self.rules))})

    def masks(self) -> ir.Table:
        """``row_id``, the kept columns, verdict, and the masks of ``mask_columns``.

        m{c}: which rules are violated (low bits) and unknown (high bits); a{c}: which of
        ``applies`` is not false. ``bit`` tells where a rule is found.
        """
        t = self._stage({name: e for card in self.scores for name, e in card.columns.items()})
        columns: dict[str, Any] = {name: t[name] for name in self.score_names}
        for c, chunk in enumerate(_chunks(len(self.rules))):
            bits = [self._cases(t, n, 0, 0, b, b * HIGH) for b, n in chunk]
            columns[f"m{c}"] = _mask(bits)
        for c, chunk in enumerate(_chunks(len(self.applies))):
            columns[f"a{c}"] = _mask([ibis.ifelse(~t[f"g{k}"], 0, b) for b, k in chunk])
        masked = t.select("row_id", *self.kept, **columns)
        return masked.mutate(verdict=self._verdict(masked))

    def packed(self) -> ir.Table:
        """``masks`` with p{c}, which rules are applicable, in place of a{c}: the same columns for
        every layout, see ``packed_columns``."""
        m = self.masks()
        columns: dict[str, Any] = {}
        for c, chunk in enumerate(_chunks(len(self.rules))):
            bits = []
            for b, n in chunk:
                at = self.bit("applicable", n)
                bits.append(
                    ibis.literal(b) if at is None else ibis.ifelse((m[at[0]] & at[1]) != 0, b, 0)
                )
            columns[f"p{c}"] = _mask(bits)
        return m.select("row_id", *self.kept, "verdict", *self.mask_columns()[0], **columns)

    def mask_columns(self) -> tuple[list[str], list[str]]:
        """The names of the masks, m{c} and a{c}."""
        sizes = {"m": len(self.rules), "a": len(self.applies)}
        names = [[f"{kind}{c}" for c in range(len(_chunks(n)))] for kind, n in sizes.items()]
        return names[0], names[1]

    def bit(self, what: str, n: int) -> tuple[str, int] | None:
        """The mask and the bit in it that tell whether rule n is "violated" or "unknown", or
        "applicable": None where it always is."""
        at = self.groups[n] if what == "applicable" else n
        if at is None:
            return None
        bit = (HIGH if what in ("unknown", "not_due") else 1) << at % CHUNK
        return f"{'a' if what == 'applicable' else 'm'}{at // CHUNK}", bit

    def results(self, lookup: bool) -> ir.Table:
        """One row a dossier: ``row_id``, kept columns, verdict, and ``violated``, ``unknown`` and
        ``applicable``, rule ids in order with spaces between; the scores, if the plan has them; where
        some are ``later``, ``not_due``.

        ``lookup`` reads the ids out of constant lists (fast in DuckDB), else they are put together.
        """
        m = self.masks()
        return self.decoded(m, self.applicable(m) if lookup and self.applies else None, lookup)

    def decoded(self, m: ir.Table, sets: ir.Table | None, lookup: bool) -> ir.Table:
        """``results`` out of a table of ``masks`` and its ``applicable`` sets.

        With ``sets`` what applies is read from there: few distinct sets, each of many ids.
        """
        if sets is not None:
            m = m.join(sets, self.mask_columns()[1], rname="{name}__set")
        applicable = self._ids(m, "applicable", False) if sets is None else m["applicable"]
        return m.select(
            "row_id",
            *self.kept,
            "verdict",
            violated=self._ids(m, "violated", lookup),
            unknown=self._ids(m, "unknown", lookup),
            applicable=applicable,
            **{name: m[name] for name in self.score_names},
            **({"not_due": self._ids(m, "not_due", lookup)} if self.later else {}),
        )

    def applicable(self, masks: ir.Table) -> ir.Table:
        """The distinct "a" masks of a table of masks, and the ids of the rules that then apply."""
        sets = masks.select(*self.mask_columns()[1]).distinct()
        return sets.mutate(applicable=self._ids(sets, "applicable", False))

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
            comparisons = [x for x in walk.leaves(rule.require) if isinstance(x, ast.Compare)]
            for k, leaf in enumerate(comparisons):
                left = self.conditions.amount(leaf.left)
                right = self.conditions.amount(leaf.right)
                columns |= {
                    f"x{n}_{k}": left.text(),
                    f"r{n}_{k}": right.text(),
                    f"xa{n}_{k}": left.approximate(),
                    f"ra{n}_{k}": right.approximate(),
                }
                index.append((n, k, True))
            if not comparisons:
                index.append((n, 0, False))
        truths = self._stage(columns)
        none, nan = ibis.null("string"), ibis.null("float64")
        for n, k, compared in index:
            t = truths.filter(self._applies(truths, n).fill_null(True))
            parts.append(
                t.select(
                    "row_id",
                    *self.kept,
                    rule=ibis.literal(self.rules[n].id),
                    status=self._status(t, n),
                    leaf=ibis.literal(k, "int16"),
                    value=t[f"x{n}_{k}"] if compared else none,
                    required=t[f"r{n}_{k}"] if compared else none,
                    value_about=t[f"xa{n}_{k}"] if compared else nan,
                    required_about=t[f"ra{n}_{k}"] if compared else nan,
                )
            )
        return ibis.union(*parts, distinct=False) if len(parts) > 1 else parts[0]

    # --- parts ---------------------------------------------------------------------------------

    def _stage(self, more: dict[str, Any]) -> ir.Table:
        """g{k} for each of ``applies``, r{n} for each of ``required``."""
        # Apart from AND, OR and CASE, where a database does not look for what is written twice.
        return self.base.select(
            "row_id",
            *self.kept,
            **{f"g{k}": g for k, g in enumerate(self.applies)},
            **{f"r{n}": r for n, r in enumerate(self.required)},
            **more,
        )

    def _applies(self, t: ir.Table, n: int) -> Any:
        k = self.groups[n]
        return ibis.literal(True) if k is None else t[f"g{k}"]

    def _cases(self, t: ir.Table, n: int, met: Any, no: Any, violated: Any, unknown: Any) -> Any:
        """One of four values by the finding of rule n: ``applies ⇒ requires`` in Kleene's logic.

        ``no`` stands for not applicable; where it is ``met``, the commonest case is asked first.
        """
        required = t[f"r{n}"]
        if self.groups[n] is None:
            return ibis.cases((required, met), (~required, violated), else_=unknown)
        applies = self._applies(t, n)
        first = [(required, met), (~applies, no)]
        if met != no:
            first.reverse()
        return ibis.cases(*first, (applies & ~required, violated), else_=unknown)

    def _status(self, t: ir.Table, n: int) -> Any:
        return self._cases(
            t,
            n,
            Status.SATISFIED.value,
            Status.NOT_APPLICABLE.value,
            Status.VIOLATED.value,
            (Status.NOT_DUE if n in self.later else Status.UNKNOWN).value,
        )

    def _any(self, m: ir.Table, what: str, effects: tuple[ast.Effect, ...]) -> Any:
        """Whether any rule with one of the effects is "violated" or "unknown"."""
        wanted: dict[str, int] = {}
        for n, rule in enumerate(self.rules):
            at = self.bit(what, n)
            if what == "unknown" and n in self.later:
                continue
            if at is not None and rule.effect in effects:
                wanted[at[0]] = wanted.get(at[0], 0) | at[1]
        tests = [(m[name] & bits) != 0 for name, bits in wanted.items()]
        return reduce(or_, tests) if tests else ibis.literal(False)

    def _verdict(self, m: ir.Table) -> Any:
        applied: list[Any] = [m[name] != 0 for name in self.mask_columns()[1]]
        if self.later:
            applied = self._spoken(m)
        elif None in self.groups or not applied:
            applied = [ibis.literal(None in self.groups)]
        return verdict_of(
            self._any(m, "violated", (ast.Effect.REJECT,)),
            self._any(m, "violated", (ast.Effect.REFER,)),
            self._any(m, "unknown", (ast.Effect.REJECT, ast.Effect.REFER)),
            reduce(or_, applied),
        )

    def _spoken(self, m: ir.Table) -> list[Any]:
        """Whether some rule applies and counts at the stage, one test for each that may."""
        tests: list[Any] = []
        for n, rule in enumerate(self.rules):
            at = self.bit("applicable", n)
            counts = n not in self.later or rule.effect is ast.Effect.ADVISE
            if at is None and counts:
                return [ibis.literal(True)]
            found = ibis.literal(True) if at is None else (m[at[0]] & at[1]) != 0
            if not counts:
                mask, bit = self._unknown(n)
                found = found & ((m[mask] & bit) == 0)
            tests.append(found)
        return tests or [ibis.literal(False)]

    def _unknown(self, n: int) -> tuple[str, int]:
        return f"m{n // CHUNK}", HIGH << n % CHUNK

    def _told(self, what: str, n: int) -> bool:
        """Whether rule n is told under that name: what is unknown of a later one is "not_due"."""
        return what not in ("unknown", "not_due") or (n in self.later) is (what == "not_due")

    def _ids(self, m: ir.Table, what: str, lookup: bool) -> Any:
        if not lookup:
            told = [n for n in range(len(self.rules)) if self._told(what, n)]
            return _joined([self._id(m, what, n) for n in told])
        parts = []
        for c, chunk in enumerate(_chunks(len(self.rules))):
            mask = m[f"m{c}"]
            bits = mask & (HIGH - 1) if what == "violated" else mask >> CHUNK
            # One literal to be split, since a list of literals is slow to compile.
            texts = ";".join(
                " ".join(self.rules[n].id for b, n in chunk if b & i and self._told(what, n))
                for i in range(1 << len(chunk))
            )
            # Most masks are zero: the lookup is left to the rows where they are not.
            words = ibis.literal(texts).split(";")[bits]
            if self.later:
                words = words.nullif("")
            parts.append(ibis.ifelse(bits != 0, words, ibis.null("string")))
        return _joined(parts)

    def _id(self, m: ir.Table, what: str, n: int) -> Any:
        at = self.bit(what, n)
        own = ibis.literal(self.rules[n].id)
        return own if at is None else ibis.ifelse((m[at[0]] & at[1]) != 0, own, ibis.null("string"))


def packed_columns(count: int) -> tuple[str, ...]:
    """The masks of ``Plan.packed`` for that many rules."""
    return tuple(f"{kind}{c}" for kind in "mp" for c in range(len(_chunks(count))))


def packed_bit(what: str, n: int) -> tuple[str, int]:
    """The mask and the bit that tell whether rule n is "violated", "unknown" or "applicable"."""
    bit = (HIGH if what == "unknown" else 1) << n % CHUNK
    return f"{'p' if what == 'applicable' else 'm'}{n // CHUNK}", bit


def verdict_of(reject: Any, refer: Any, unknown: Any, applicable: Any) -> Any:
    """The verdict where any rule with that effect is violated, any that could block is unknown, and
    any is applicable; as ``evaluator.judgement.evaluate.combine``."""
    return ibis.cases(
        (reject, Verdict.REJECT.value),
        (refer | unknown, Verdict.REFER.value),
        (applicable, Verdict.PASS.value),
        else_=Verdict.REFER.value,
    )


def _chunks(count: int) -> list[list[tuple[int, int]]]:
    """(bit, number) of each mask, for ``count`` numbers."""
    numbers = range(count)
    return [
        [(1 << i, n) for i, n in enumerate(numbers[start : start + CHUNK])]
        for start in range(0, count, CHUNK)
    ]


def _joined(parts: list[Any]) -> Any:
    """Texts with spaces between, without those that are NULL; "" where all are."""
    if len(parts) > MAX_ARGUMENTS:
        groups = [parts[i : i + MAX_ARGUMENTS] for i in range(0, len(parts), MAX_ARGUMENTS)]
        return _joined([_joined(g).nullif("") for g in groups])
    return ibis.literal(" ").join(parts) if parts else ibis.literal("")


def _mask(bits: list[Any]) -> Any:
    return reduce(lambda a, b: a + b, bits).cast("int16")
