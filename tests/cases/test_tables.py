"""Cases written as a table."""

from __future__ import annotations

from evaluator.cases.book import Cases, read_cases
from evaluator.problems.errors import Problems
from evaluator.rulebook.load import load_layers
from tests.cases.shipped import ROOT, RULESET, read
from tests.rulebook.corpus import MINIMAL, texts


def test_a_table_is_the_same_as_its_cases_one_by_one() -> None:
    table = read(
        """
- rule: negative.offset_cod
  name: 替代倍数
  as_of: 2025-01-01
  dossier: {eia_class: report, emissions: [{pollutant: SO2, value: 1}]}
  columns: [name, emissions.COD, emission_offsets.COD, expect]
  rows:
    - [恰好, 10, 10, satisfied]
    - [差一点, 10, 9.99, violated]
    - [没填, 10, null, unknown]
- rule: negative.offset_cod
  name: 不写名字的
  expect: not_applicable
  dossier: {emissions: [{pollutant: COD, value: 0}]}
  columns: [eia_class, construction_kind]
  rows:
    - [form, new]
    - [report, null]
"""
    )
    one = "dossier: {eia_class: report, emissions: [{pollutant: SO2, value: 1}, {pollutant: COD, value: 10}]"
    other = "dossier: {emissions: [{pollutant: COD, value: 0}], eia_class:"
    single = read(
        f"""
- {{rule: negative.offset_cod, name: 替代倍数：恰好, as_of: 2025-01-01, expect: satisfied, {one}, emission_offsets: [{{pollutant: COD, value: 10}}]}}}}
- {{rule: negative.offset_cod, name: 替代倍数：差一点, as_of: 2025-01-01, expect: violated, {one}, emission_offsets: [{{pollutant: COD, value: 9.99}}]}}}}
- {{rule: negative.offset_cod, name: 替代倍数：没填, as_of: 2025-01-01, expect: unknown, {one}}}}}
- {{rule: negative.offset_cod, name: 不写名字的：form、new, expect: not_applicable, {other} form, construction_kind: new}}}}
- {{rule: negative.offset_cod, name: 不写名字的：report、未填, expect: not_applicable, {other} report}}}}
"""
    )

    def said(cases: Cases) -> list[tuple[object, ...]]:
        return [
            (c.rule, c.name, c.expect, c.as_of, sorted(c.profile.to_dict(RULESET.registry).items()))
            for c in cases.rules
        ]

    def unnamed(found: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
        return [(*f[:4], [x for x in f[4] if x[0] != "project_name"]) for f in found]  # type: ignore[attr-defined]

    assert unnamed(said(table)) == unnamed(said(single))
    assert [c.place.line for c in table.rules] == [8, 9, 10, 17, 18]


def test_what_is_wrong_with_a_table_is_told_once() -> None:
    rows = "[[乙, unknown], [丙, unknown], [丁, unknown]]"
    for start, code in (
        ("rule: positive.zone_fitt, name: 甲", "C102"),
        ("rule: positive.zone_fit, name: 甲, dossier: {zonee: 东}", "D101"),
        ("rule: positive.zone_fit, name: 甲, as_of: 明天", "E202"),
    ):
        problems = Problems()
        text = f"- {{{start}, columns: [name, expect], rows: {rows}}}"
        read_cases(RULESET, problems, ROOT, {"rules/x.cases.yaml": text})
        assert [p.code for p in problems] == [code]


def test_a_table_of_cases_without_a_name_is_told_once() -> None:
    files = texts(MINIMAL)
    name = "rules/more.cases.yaml"
    files[name] = (
        "- rule: positive.land_tax\n  columns: [name, annual_tax, expect]\n"
        "  rows:\n    - [甲, 1, violated]\n    - [乙, 2, violated]\n"
    )
    problems = Problems()
    read_cases(load_layers((("base", files),)), problems)
    (found,) = problems
    assert (found.code, found.place.label()) == ("E201", f"{name}:1:3")
    assert "name: 表名" in (found.hint or "")
