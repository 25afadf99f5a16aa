"""JSON Schemas of case files: single cases, and tables of cases."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.rulebook.schema.parts import BOOLEAN, DATE, TEXT, Schema, choice, table
from evaluator.rulebook.verdict import STATUS_LABELS, VERDICT_LABELS

AS_OF: Schema = {**DATE, "description": "判断日期；不写即受理日期"}
NAME: Schema = {**TEXT, "description": "案例名，同一规则内不重复"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _each(item: Schema, what: str = "") -> Schema:
    return {"type": "array", "items": item, **({"description": what} if what else {})}


def case_schemas(dossier: Schema, stages: Mapping[str, str]) -> list[Schema]:
    """The four shapes that an entry of a case file may have; ``dossier`` is the schema of one,
    ``stages`` are ids and titles."""
    stage = choice(stages, "在哪个环节判断；不写为最后一个环节")
    one: dict[str, Schema] = {
        "rule": _ref("rule"),
        "name": NAME,
        "expect": choice(STATUS_LABELS, "应得的结论"),
        "as_of": AS_OF,
        "stage": stage,
        "boundary": {**BOOLEAN, "description": "恰为界限值"},
        "dossier": dossier,
        "missing": _each(_ref("field"), "缺少哪些字段"),
    }
    points: Schema = {"description": "得分：一个数，如 80.7、125/3，或最低和最高 [80, 84]"}
    score: Mapping[str, Schema] = {
        "points": points,
        "grade": {"description": "等次；还没定的写可能的几个，如 [pass, conditional]"},
        "items": {"type": "object", "description": "各评分项的得分，如 {tax: 27}"},
    }
    one |= score
    change: Schema = {"type": "object", "description": "对文件里材料的改动，null 为去掉"}
    whole: Mapping[str, Schema] = {
        "name": TEXT,
        "verdict": choice(VERDICT_LABELS, "应得的总结论"),
        "as_of": AS_OF,
        "stage": stage,
        "dossier": dossier,
        "file": {**TEXT, "description": "材料文件，从规则目录算起"},
        "change": change,
        "routes": _each(TEXT, "恰好经哪些审定层级，按先后"),
        "scores": {
            "type": "object",
            "additionalProperties": {"type": "object", "properties": score},
            "description": "各评分表应得的分，如 {board: {points: 80.7, grade: conditional}}",
        },
        "violated": _each(_ref("rule"), "恰好不符合的规则"),
        "unknown_includes": _each(_ref("rule")),
    }
    rows: Mapping[str, Schema] = {
        "columns": {
            "type": "array",
            "items": TEXT,
            "minItems": 1,
            "uniqueItems": True,
            "description": "表头：案例的项（name、expect、as_of、change 等）或字段名",
        },
        "rows": {
            "type": "array",
            "items": {"type": "array"},
            "minItems": 1,
            "description": "每行一个案例，格数与表头相同，没填的写 null",
        },
    }
    where = ("dossier", "file")
    return [
        table("一条规则的案例", one, ("rule", "name", "expect", "dossier")),
        table("一条规则的案例表", {**one, **rows}, ("rule", "name", "columns", "rows")),
        table("整份材料的案例", whole, ("name", "verdict"), one_of=where),
        table("整份材料的案例表", {**whole, **rows}, ("name", "columns", "rows")),
    ]
