"""Pieces of JSON Schema that the rulebook's files share: texts, choices, formulas, conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluator.rulebook.ast import OPERATIONS
from evaluator.rulebook.grammar.conditions import ORDER
from evaluator.rulebook.grammar.exprs import EXTREMES

Schema = dict[str, Any]

# Plain numbers and dates without quotes may stand for texts (clause: 3).
TEXT: Schema = {"type": ["string", "number"], "minLength": 1}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
DATE: Schema = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}


def choice(labels: Mapping[Any, str], what: str) -> Schema:
    """One of a closed list; the labels stand in the description."""
    shown = "、".join(f"{k}（{v}）" if v else str(k) for k, v in labels.items())
    return {"enum": [str(k) for k in labels], "description": f"{what}：{shown}"}


def labelled(labels: Mapping[str, str], what: str) -> Schema:
    """A name out of a list, each with its own description where an editor shows one."""
    if not labels:
        return {"type": "string", "description": what}
    return {
        "description": what,
        "anyOf": [{"enum": list(labels)}, *({"const": k, "title": v} for k, v in labels.items())],
    }


def table(
    title: str,
    properties: Mapping[str, Schema],
    required: tuple[str, ...] = (),
    one_of: tuple[str, ...] = (),
    description: str | None = None,
) -> Schema:
    """A mapping with these keys and no others; null counts as not there."""
    out: Schema = {
        "title": title,
        "type": "object",
        "properties": {
            k: v if k in required or k in one_of else {"anyOf": [v, {"type": "null"}]}
            for k, v in properties.items()
        },
        "additionalProperties": False,
    }
    if required:
        out["required"] = list(required)
    if one_of:
        out["oneOf"] = [{"required": [name]} for name in one_of]
    if description:
        out["description"] = description
    return out


def items(item: Schema, title: str) -> Schema:
    """A file that is a list."""
    return {"title": title, "type": "array", "items": item}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _operands(low: int = 2) -> Schema:
    return {"type": "array", "items": _ref("expression"), "minItems": low}


def expressions(by: Mapping[str, Schema]) -> dict[str, Schema]:
    """``expression``: a number, a name, an operation, a criterion; and ``criterion_ref``."""
    names = {"anyOf": [_ref("field"), _ref("metric")]}
    forms: list[Schema] = [
        *(table(op, {op: _operands()}, required=(op,)) for op in OPERATIONS),
        *(table(op, {op: _operands()}, required=(op,)) for op in EXTREMES),
        table("满足算 1", {"one_if": _ref("condition")}, required=("one_if",)),
        table(
            "按条件选用",
            {
                "choose": {
                    "type": "array",
                    "items": table(
                        "一种情形",
                        {"when": _ref("condition"), "then": _ref("expression")},
                        required=("when", "then"),
                    ),
                    "minItems": 1,
                },
                "otherwise": _ref("expression"),
            },
            required=("choose", "otherwise"),
        ),
        table("合计", {"sum": _ref("field")}, required=("sum",)),
        table("字段", {"field": _ref("field")}, required=("field",)),
        table("指标", {"metric": _ref("metric")}, required=("metric",)),
        table(
            "相隔天数",
            {
                "days_between": {
                    "type": "array",
                    "items": _ref("field"),
                    "minItems": 2,
                    "maxItems": 2,
                }
            },
            required=("days_between",),
        ),
        _ref("criterion_ref"),
    ]
    return {
        "criterion_ref": table(
            "准入标准的值", {"criterion": _ref("criterion"), **by}, required=("criterion",)
        ),
        "expression": {
            "description": "数、字段名、指标名，或 {divide: [甲, 乙]} 这样的运算",
            "anyOf": [NUMBER, names, *forms],
        },
    }


def conditions() -> dict[str, Schema]:
    """``condition``: all, any, not, known, each, and comparisons of a field or metric."""
    amount = {
        "description": "数（可带单位，如 10 亩）、{criterion: 名字}，或公式",
        "anyOf": [NUMBER, {"type": "string", "pattern": r"^[-+]?\d"}, _ref("expression")],
    }
    word: Schema = {"type": ["string", "number", "boolean"]}
    words = {
        "anyOf": [
            {"type": "array", "items": word, "minItems": 1},
            word,
            table("代码清单", {"criterion": _ref("criterion")}, required=("criterion",)),
        ]
    }
    comparisons: dict[str, Schema] = {
        **dict.fromkeys(ORDER, amount),
        "between": {"type": "array", "items": amount, "minItems": 2, "maxItems": 2},
        "equals": {"anyOf": [word, _ref("expression")]},
        "in": words,
        "not_in": words,
        "starts_with": words,
        "known": BOOLEAN,
    }
    several = {"type": "array", "items": _ref("condition"), "minItems": 1}

    def compare(subject: str) -> Schema:
        return table(
            f"比较 {subject}",
            {subject: _ref(subject), **comparisons},
            required=(subject,),
            one_of=tuple(comparisons),
        )

    each = {
        "each": _ref("field"),
        **{op: table("标准", {"criterion": _ref("criterion")}, ("criterion",)) for op in ORDER},
    }
    return {
        "condition": {
            "description": "条件：all、any、not、known、each，或比较一个 field 或 metric",
            "anyOf": [
                table("都满足", {"all": several}, required=("all",)),
                table("满足其一", {"any": several}, required=("any",)),
                table(
                    "至少满足几条",
                    {"at_least_n_of": {"type": "integer", "minimum": 1}, "of": several},
                    required=("at_least_n_of", "of"),
                ),
                table(
                    "得分",
                    {
                        "score": {"type": "string", "description": "评分表的 id"},
                        **{op: comparisons[op] for op in (*ORDER, "between")},
                    },
                    required=("score",),
                    one_of=(*ORDER, "between"),
                ),
                table("不满足", {"not": _ref("condition")}, required=("not",)),
                table("已填写", {"known": _ref("field")}, required=("known",)),
                table("清单逐项", each, required=("each",), one_of=ORDER),
                compare("field"),
                compare("metric"),
            ],
        }
    }
