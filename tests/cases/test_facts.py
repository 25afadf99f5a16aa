"""What the shipped rulebook says of the published facts; each test names the publication."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from evaluator.dossier.dossier import make_profile
from evaluator.rulebook.criteria import Hit, lookup
from evaluator.rulebook.verdict import Status
from tests.cases.shipped import EVALUATOR, RULESET


def status(rule: str, day: str, **values: object) -> Status:
    """What one rule says of a dossier on a day."""
    base = {"project_id": "F", "project_name": "事实", "submitted_on": day}
    profile = make_profile(RULESET.registry, **base, **values)
    return EVALUATOR.evaluate(profile).statuses[rule]


def value(criterion: str, day: str, **keys: str) -> Fraction | None:
    """The value of a criterion on a day."""
    at = dt.date.fromisoformat(day)
    hit = lookup(RULESET.criteria[criterion], dict(keys), at, at)
    return hit.row.value if isinstance(hit, Hit) else None


# 建设项目环境影响评价分类管理名录（2021年版）附表；第四条：按单项等级最高的定。
@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        *((c, Status.VIOLATED) for c in ("C2221", "C2519", "C2522", "C2661", "C2671")),
        *((c, Status.VIOLATED) for c in ("C2750", "C2761", "C2812", "C2822", "C3231", "C3240")),
        *((c, Status.VIOLATED) for c in ("D4412", "C3612", "C3620", "C3843", "C2911", "C3041")),
        *((c, Status.NOT_APPLICABLE) for c in ("C2222", "C2223", "C2524", "C2720", "C1910")),
        *((c, Status.NOT_APPLICABLE) for c in ("C3012", "C2623", "C3825", "C3562")),
    ],
)
def test_eia_report_by_code(code: str, wanted: Status) -> None:
    assert (
        status("negative.eia_report", "2024-06-03", industry_code=code, eia_class="form") is wanted
    )


def test_eia_by_process_scale_and_surface() -> None:
    """附表第77、63、70号；说明6：化学镀、阳极氧化按电镀执行。"""
    form = {"eia_class": "form"}
    pv = {"industry_code": "C3825", **form}
    assert (
        status("negative.eia_process", "2024-06-03", **pv, eia_listed_process=True)
        is Status.VIOLATED
    )
    assert status("negative.eia_process", "2024-06-03", **pv) is Status.UNKNOWN
    tool = {"industry_code": "C3562", **form, "electroplating": False}
    for paint, wanted in (("9.99", Status.NOT_APPLICABLE), ("10", Status.VIOLATED)):
        got = status("negative.eia_surface", "2024-06-03", **tool, solvent_coating=Decimal(paint))
        assert got is wanted
    # 登记表一栏除第18号（其他肉类加工）外均为“/”。
    one = {"eia_class": "registration"}
    assert status("negative.eia_registration", "2024-06-03", industry_code="C3562", **one) is (
        Status.VIOLATED
    )
    assert status("negative.eia_registration", "2024-06-03", industry_code="C1353", **one) is (
        Status.NOT_APPLICABLE
    )


# GB 21256-2025（2026-07-01）、GB 21341-2022（2024-01-01）、GB 21252-2023（2024-12-01）等的限定值（3 级）。
@pytest.mark.parametrize(
    ("product", "day", "limit"),
    [
        ("高炉工序", "2026-07-01", 415),
        ("高炉工序", "2026-06-30", None),
        ("转炉工序", "2026-07-01", -12),
        ("硅铁", "2024-01-01", 1850),
        ("硅铁综合能耗", "2023-12-31", None),
        ("陶瓷砖 0.2%<吸水率≤0.5%", "2024-12-01", Fraction(13, 2)),
        ("卫生陶瓷", "2024-12-01", 610),
        ("卫生陶瓷 吸水率≤0.3%", "2024-12-01", 630),
        ("水泥熟料", "2022-11-01", 117),
        ("电解铝", "2024-01-01", 13350),
        ("捣固焦炉", "2026-05-01", 140),
        ("啤酒", "2026-08-01", 60),
        ("邻苯二甲酸酐", "2025-05-01", -111),
    ],
)
def test_energy_limits(product: str, day: str, limit: object) -> None:
    assert value("product_energy_limit", day, product=product) == limit


def test_the_limits_are_whole() -> None:
    """157 个限额中收 154 个：炼油单位能量因数能耗表达不了，甲醛两个没有施行日期。"""
    rows = {r.place: r for p in RULESET.criteria["product_energy_limit"].periods for r in p.rows}
    assert len(rows) == 154
    assert len({r.provenance.source.number for r in rows.values()}) == 19


# 浙江“千项万亿”认定标准第四条：2024-07-02 印发，各档另须投资 10 亿元及以上。
@pytest.mark.parametrize(
    ("code", "tier"),
    [
        *((c, 500) for c in ("I6513", "C3973", "C3922", "C3421", "C3491")),
        *((c, 400) for c in ("C3825", "C3985", "C3591", "C3612", "C3812")),
        *((c, 300) for c in ("C3731", "C3411", "C3562")),
    ],
)
def test_zhejiang_tiers(code: str, tier: int) -> None:
    assert value("leading_investment_intensity", "2024-07-02", industry_code=code) == tier
    assert value("leading_investment_intensity", "2024-07-01", industry_code=code) is None
    assert value("leading_total_investment", "2024-07-02") == 100000


def test_dates_and_values() -> None:
    """寿光 2015；用地控制指标 2023-06；国发〔2009〕27号；统计局 2025 年二季度；福建规划到 2025 年。"""
    assert [
        value(f"construction_months{n}_ceiling", "2024-06-03")
        for n in ("_small", "_medium", "_large", "")
    ] == [12, 18, 30, 24]
    assert value("building_coefficient_floor", "2023-06-24") == 30
    assert value("building_coefficient_floor", "2023-06-25") == 40
    assert value("project_capital_share_floor", "2009-05-25", industry_code="C1391") == 30
    assert value("project_capital_share_floor", "2015-09-09", industry_code="C1391") == 20
    latest = value("national_capacity_utilisation", "2026-01-01", industry_code="C3011")
    assert latest == Fraction("62.3")
    periods = [
        RULESET.criteria["emission_offset_factor"].period(dt.date(y, 6, 1), dt.date(y, 6, 1))
        for y in (2021, 2025, 2026)
    ]
    sources = [p.provenance.source.id for p in periods if p is not None]
    assert sources == ["emission_total_2014", "fujian_air_145", "emission_total_2014"]
    assert RULESET.sources["eia_law_2018"].until == dt.date(2026, 8, 14)


def test_no_reject_rests_on_a_value_that_nobody_published() -> None:
    """A rule that rejects names no criterion whose value is the demonstration city's own."""
    for rule in RULESET.rules.values():
        # Half a standard is the demonstration city's own; docs/sources.md says what is to come of it.
        if rule.effect.value != "reject" or rule.id.startswith("negative.low_"):
            continue
        for basis in rule.basis:
            if basis.criterion is None:
                continue
            for p in RULESET.criteria[basis.criterion].periods:
                found = [r.provenance for r in p.rows] or ([p.provenance] if p.provenance else [])
                assert all(f.source.id != "demo_city" for f in found), (rule.id, basis.criterion)
