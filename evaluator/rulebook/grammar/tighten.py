"""A local profile may tighten a national value, never loosen it (E508, E509).

Both tables are compared at every point where they can differ.
"""

from __future__ import annotations

from evaluator.rulebook.criteria import Criterion, Hit, Kind, lookup
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.grammar.points import start_days, table_points
from evaluator.values.numbers import exact_text


def check_tightened(base: Criterion, local: Criterion, names: Names) -> None:
    """Report every local row that is looser than the ``base`` value for the same project."""
    if not base.tighten_only or base.kind not in (Kind.FLOOR, Kind.CEILING):
        return
    if local.kind is not base.kind:
        message = f"“{local.title}”是国家标准，kind 不能由 {base.kind} 改为 {local.kind}"
        names.report("E509", message, local.place, "沿用国家标准的 kind")
        return
    reported: set[int] = set()
    for day in start_days((base, local)):
        for point in table_points((base, local)):
            mine, theirs = lookup(local, point, day, day), lookup(base, point, day, day)
            if not isinstance(mine, Hit) or not isinstance(theirs, Hit):
                continue
            row, limit_row = mine.row, theirs.row
            if id(row) in reported or row.unit is None or limit_row.unit is None:
                continue
            if not row.unit.same_kind(limit_row.unit):
                reported.add(id(row))
                message = f"“{local.title}”的单位“{row.unit.name}”与国家标准“{limit_row.unit.name}”不能比较"
                names.report("E509", message, row.place, "沿用国家标准的单位")
                continue
            limit = limit_row.value * limit_row.unit.factor_to(row.unit)
            if row.value < limit if base.kind is Kind.FLOOR else row.value > limit:
                reported.add(id(row))
                names.report(
                    "E508",
                    f"“{local.title}”不能比国家标准宽：{exact_text(row.value)}，国家标准为 "
                    f"{exact_text(limit)} {row.unit.name}（{limit_row.title()}，{day} 起）",
                    row.place,
                    f"依据 {limit_row.provenance.source.citation(limit_row.provenance.clause)}",
                )
