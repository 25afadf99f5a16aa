"""JSON Schema of scorecard files."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.grammar.cards import KINDS
from evaluator.rulebook.grammar.points_of import STEPS
from evaluator.rulebook.schema.parts import DATE, NUMBER, TEXT, Schema, choice, items, table
from evaluator.rulebook.verdict import VERDICT_LABELS
from evaluator.values.numbers import ROUNDINGS

ID: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "英文名"}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _amount(what: str) -> Schema:
    text = {"type": "string", "pattern": r"^[-+]?\d"}
    return {"anyOf": [NUMBER, text, _ref("expression")], "description": what}


def card_schema(ruleset: Ruleset, basis: Schema) -> Schema:
    """The schema of a scorecard file; ``basis`` is that of a legal basis."""
    departments = {"type": "array", "items": _ref("department"), "minItems": 1}
    rounding = table(
        "修约",
        {
            "digits": {"type": "integer", "minimum": 0, "maximum": 6, "description": "几位小数"},
            "mode": choice(ROUNDINGS, "怎样修约；不写即四舍五入"),
        },
        required=("digits",),
    )
    item = table(
        "评分项",
        {
            "id": ID,
            "title": {**TEXT, "description": "中文名"},
            "kind": choice(KINDS, "种类；不写即基本项"),
            "full_marks": {**NUMBER, "description": "满分；扣分项写最多扣多少"},
            "least": {**NUMBER, "description": "最低分；不写为 0"},
            "applies_when": {**_ref("condition"), "description": "对什么样的项目计这一项"},
            "departments": departments,
            "basis": basis,
            "round": rounding,
            "note": TEXT,
            "points": {"anyOf": [table(f, *_points(f)) for f in _FORMS], "description": "怎样给分"},
        },
        required=("id", "title", "full_marks", "points"),
    )
    grade = table(
        "等次",
        {
            "id": ID,
            "title": {**TEXT, "description": "等次的名称"},
            "at_least": _amount("分数线"),
            "when": {**_ref("condition"), "description": "还要满足的条件"},
            "verdict": choice(VERDICT_LABELS, "这一等次的结论"),
            "note": {**TEXT, "description": "随结论显示，如 附条件"},
            "message": TEXT,
        },
        required=("id", "title", "verdict"),
    )
    card = table(
        "评分表",
        {
            "id": ID,
            "title": {**TEXT, "description": "名称"},
            "full_marks": {**NUMBER, "description": "满分"},
            "applies_when": {**_ref("condition"), "description": "什么样的项目用这张表"},
            "departments": {**departments, "description": "负责部门，第一个牵头"},
            "basis": basis,
            "items": {"type": "array", "items": item, "minItems": 1},
            "cap": {**NUMBER, "description": "总分封顶"},
            "floor": {**NUMBER, "description": "总分保底"},
            "bonus_cap": {**NUMBER, "description": "加分项合计封顶"},
            "deduction_cap": {**NUMBER, "description": "扣分项合计最多扣多少"},
            "round": rounding,
            "grades": {"type": "array", "items": grade, "minItems": 1},
            "remedy": TEXT,
            "note": TEXT,
            "from": {**DATE, "description": "从哪天起施行（含）"},
            "until": {**DATE, "description": "到哪天为止（含）"},
            "due": choice({s.id: s.title for s in ruleset.stages}, "从哪个环节起缺材料才算"),
        },
        required=("id", "title", "full_marks", "departments", "basis", "items", "grades"),
    )
    return items(card, "评分表文件")


def _points(form: str) -> tuple[Mapping[str, Schema], tuple[str, ...]]:
    """The keys of one way to give points, and those that it must have."""
    keys = _FORMS[form]
    required = tuple(k for k in keys if k in (form, *_ALSO.get(form, ())))
    return keys, required


_EACH = table(
    "每步",
    {
        "above": _amount("从哪个数往上数"),
        "below": _amount("从哪个数往下数"),
        "step": _amount("步长"),
        "points": _amount("每步几分"),
    },
    required=("step", "points"),
    one_of=("above", "below"),
)
_BAND = table(
    "一档",
    {
        **{op: _amount("界限") for op in ("at_least", "more_than", "at_most", "less_than")},
        "points": _amount("几分；有 each 时是起分"),
        "each": _EACH,
        "steps": choice(STEPS, "不满一步算不算"),
        "least": _amount("这一档最低几分"),
        "most": _amount("这一档最高几分"),
    },
)
_ROWS: Schema = {"type": "array", "items": _BAND, "minItems": 1, "description": "最后一档不写界限"}
_VALUES: Schema = {"type": "object", "description": "每个选项几分"}
_FORMS: Mapping[str, Mapping[str, Schema]] = {
    "options": {"options": _ref("field"), "values": _VALUES, "otherwise": _amount("其余几分")},
    "bands": {"bands": _amount("看哪个数"), "rows": _ROWS},
    "ratio": {
        "ratio": _amount("看哪个数"),
        "to": _amount("与什么比"),
        "cap": _amount("比例封顶；不写即 1"),
        "points": _amount("比例乘几分；不写即满分"),
    },
    "count": {
        "count": {"type": "array", "items": _ref("condition"), "minItems": 1},
        "each": _amount("每条几分"),
    },
    "condition": {
        "condition": _ref("condition"),
        "then": _amount("满足几分；不写即满分"),
        "otherwise": _amount("不满足几分；不写即 0"),
    },
    "given": {"given": _ref("field")},
    "formula": {"formula": _amount("算式")},
}
_ALSO = {"options": ("values",), "bands": ("rows",), "ratio": ("to",), "count": ("each",)}
