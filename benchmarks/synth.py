"""Synthetic dossiers as Parquet: variations of a sound project, with flaws, gaps and exact hits.

    python benchmarks/synth.py 1000000 out.parquet

Every dossier is examples/d01-complete-good.yaml, scaled as a whole by a factor of 0.3 to 3 and
varied field by field. One value in thirty is bad, one in thirty is missing; every tenth dossier
has an investment of exactly 300 万元/亩 and a tax of exactly 20 万元/亩. Columns have the unit that
the field declares.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import duckdb
import yaml

from evaluator.dossier.dossier import Profile, make_profile
from evaluator.dossier.fields import Field, FieldType, Registry, base_registry

ROOT = Path(__file__).parent.parent
INDUSTRIES = [
    "C3985",
    "C3562",
    "C3612",
    "C2614",
    "C2612",
    "C3011",
    "C3110",
    "C3985",
    "C3841",
    "C3824",
    "C2710",
    "C2662",
    "C3311",
    "C3360",
    "C1351",
    "C1761",
    "C3921",
    "C3973",
    "C3963",
    "C3670",
    "C3411",
    "C3525",
    "C3042",
    "C3072",
    "C3216",
    "C3099",
    "C3562",
    "C3985",
    "C3921",
    "C3973",
]
FLAW, GAP = 1 / 30, 1 / 30
RELATIVE = ("%", "1")  # Units of what does not grow with the project.


def _u(salt: int) -> str:
    """A number in [0, 1) that depends on the row and ``salt`` only."""
    return f"((hash(i * 1000 + {salt}) % 1000003)::DOUBLE / 1000003)"


def _present(salt: int, sql: str, share: float = 1 - GAP) -> str:
    return f"CASE WHEN {_u(salt + 500)} < {share} THEN {sql} END"


def _number(f: Field, value: Fraction, salt: int) -> str:
    size, low, high = float(value), float(f.minimum or -(10**9)), float(f.maximum or 10**9)
    grows = f.unit is not None and f.unit.name not in RELATIVE and f.name != "construction_months"
    scale = f"(0.3 + 2.7 * {_u(900)})" if grows else "1"
    flaw = f"CASE WHEN {_u(salt + 300)} < {FLAW} THEN [0.2, 0.5, 2, 4][1 + i % 4] ELSE 1 END"
    spread = f"greatest(least({size} * {scale} * (0.9 + 0.2 * {_u(salt)}) * {flaw}, {high}), {low})"
    if f.type is FieldType.INT:
        return f"CAST(round({spread}) AS INTEGER)"
    return f"CAST({spread} AS DECIMAL(12, 2))"


def _column(f: Field, value: object, salt: int) -> str:
    flawed = f"{_u(salt + 300)} < {FLAW}"
    match f.type:
        case FieldType.BOOL:
            good = "true" if value else "false"
            return _present(salt, f"CASE WHEN {flawed} THEN NOT {good} ELSE {good} END")
        case FieldType.ENUM:
            values = ", ".join(f"'{v}'" for v in f.values)
            other = f"[{values}][1 + CAST(floor({_u(salt)} * {len(f.values)}) AS INTEGER)]"
            return _present(salt, f"CASE WHEN {flawed} THEN {other} ELSE '{value}' END")
        case FieldType.DATE:
            return _present(salt, f"DATE '2005-01-01' + CAST({_u(salt)} * 6500 AS INTEGER)")
        case _:
            assert isinstance(value, Fraction)
            return _present(salt, _number(f, value, salt))


def _model(registry: Registry) -> Profile:
    text = (ROOT / "examples" / "d01-complete-good.yaml").read_text("utf-8")
    return make_profile(registry, **yaml.safe_load(text)["dossier"])


def select(registry: Registry, rows: int, start: int = 0) -> str:
    """The SELECT that makes the dossiers ``start`` to ``start + rows``."""
    codes = ", ".join(f"'{c}'" for c in INDUSTRIES)
    columns = {
        "project_id": "'P' || lpad(i::VARCHAR, 9, '0')",
        "project_name": "'项目' || i::VARCHAR",
        "submitted_on": f"DATE '2023-01-01' + CAST({_u(1)} * 1200 AS INTEGER)",
        "industry_code": _present(
            2,
            f"[{codes}][1 + CAST(floor({_u(2)} * {len(INDUSTRIES)}) AS INTEGER)]",
        ),
        "enterprise_name": _present(9, "'企业' || (i % 50000)::VARCHAR"),
        "zone": _present(
            3, f"['东片区', '西片区', '示范片区'][1 + CAST(floor({_u(3)} * 3) AS INTEGER)]"
        ),
    }
    area = f"CAST(5 + floor({_u(4)} * 200) AS DECIMAL(12, 2))"
    exact = f"{_u(5)} < 0.1"
    flaw = f"CAST(CASE WHEN {_u(8)} < {FLAW} THEN 0.4 ELSE 1 END AS DECIMAL(2, 1))"
    for name, even, least, more, salt in (
        ("fixed_asset_investment", 300, 350, 500, 6),
        ("annual_tax", 20, 40, 60, 7),
    ):
        free = f"{area} * {flaw} * CAST({least} + {more} * {_u(salt)} AS DECIMAL(6, 2))"
        either = f"CASE WHEN {exact} THEN {area} * {even} ELSE {free} END"
        columns[name] = _present(salt, f"CAST({either} AS DECIMAL(12, 2))")
    model = _model(registry)
    for salt, (name, f) in enumerate(registry.references.items(), 10):
        value = model.values.get(name)
        plain = f.type not in (FieldType.STR, FieldType.CODES, FieldType.RECORD)
        if name in columns or not plain or value is None:
            continue
        columns[name.replace(".", "__")] = _column(f, value, salt)
    made = ",\n  ".join(f'{sql} AS "{n}"' for n, sql in columns.items())
    return f"SELECT\n  {made}\nFROM range({start}, {start + rows}) AS t(i)"


def write_synthetic(path: Path, rows: int) -> None:
    """Write ``rows`` dossiers to a Parquet file."""
    with duckdb.connect() as db:
        db.execute(f"COPY ({select(base_registry(), rows)}) TO '{path}' (FORMAT parquet)")


if __name__ == "__main__":
    write_synthetic(Path(sys.argv[2]), int(sys.argv[1]))
