"""What rulesets are drawn from: families of fields, numbers, days and codes."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

# One family is one dimension: what can be compared with what. Each lists fields and units.
FAMILIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "money": (
        ("fixed_asset_investment", "total_investment", "net_assets", "subsidy_requested"),
        ("万元", "亿元", "元"),
    ),
    "area": (("land_area", "floor_area", "plant_area"), ("亩", "公顷", "平方米", "平方公里")),
    "intensity": ((), ("万元/亩", "万元/公顷", "亿元/平方公里")),
    "ratio": (("debt_ratio", "plot_ratio", "market_share_planned"), ("%", "‰", "倍", "1")),
    "yearly": (("annual_tax", "annual_profit", "annual_revenue"), ("万元/年", "元/月")),
    "mass": (("emissions.COD", "emissions.PM", "annual_coal"), ("吨/年", "千克/年", "万吨/年")),
    "people": (("employees", "rd_staff"), ("人", "万人")),
    "days": ((), ("日",)),
}
NUMBERS = [
    Decimal(t)
    for t in (
        "0",
        "1",
        "3",
        "7",
        "10",
        "15",
        "20",
        "0.1",
        "0.2",
        "0.3",
        "0.5",
        "2.5",
        "1.005",
        "33.33",
        "19.9999999999",
        "20.0000000001",
        "0.000000000001",
        "123456789012345678901234567890",
        "100",
    )
]
# The same kinds of number with the digits that a portfolio takes: at most 6 decimals.
PLAIN_NUMBERS = [
    Decimal(t)
    for t in (
        "0",
        "1",
        "3",
        "7",
        "10",
        "15",
        "20",
        "0.1",
        "0.2",
        "0.3",
        "0.5",
        "2.5",
        "1.005",
        "33.33",
        "19.9999",
        "20.0001",
        "0.000001",
        "123456789",
        "100",
    )
]
DAYS = [dt.date(2020, 1, 1), dt.date(2022, 7, 1), dt.date(2024, 1, 1), dt.date(2025, 3, 1)]
ONE_DAY = dt.timedelta(days=1)
INDUSTRIES = ["C", "C26", "C261", "C2614", "C39", "C398", "C3985", "C35", "B06", "I65"]
FULL_CODES = INDUSTRIES[1:]  # a dossier never states a bare section letter
PRODUCT_CODES = ["356201", "3562", "26", "C39", "C3985"]
POLLUTANTS = ["COD", "PM", "NOx", "TN", "SO2"]
PRODUCTS = ["水泥熟料", "电解铝", "玻璃"]
MODES = ["new_industrial_land", "stock_land", "leased_plant", "own_land", "none"]
OPS = ["at_least", "at_most", "more_than", "less_than"]
EFFECTS = ["reject", "refer", "advise"]
