"""JSON Schema of rule files: rules, groups that an exemption switches off, rules to drop."""

from __future__ import annotations

from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.cards import PREFIX
from evaluator.rulebook.grammar.groups import IF_MISSING
from evaluator.rulebook.grammar.parse import PLACEHOLDERS
from evaluator.rulebook.schema.parts import DATE, TEXT, Schema, choice, items, table
from evaluator.rulebook.verdict import LIST_LABELS


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def listed(item: Schema, what: str) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "uniqueItems": True, "description": what}


BASIS = listed(
    table(
        "依据",
        {
            "criterion": ref("criterion"),
            "source": ref("source"),
            "clause": {**TEXT, "description": "条款"},
        },
        one_of=("criterion", "source"),
    ),
    "依据，至少一条",
)
OWN_LISTS = {name: label for name, label in LIST_LABELS.items() if name != PREFIX}


def rule_schema(ruleset: Ruleset) -> Schema:
    known = "、".join(f"{{{p}}}" for p in PLACEHOLDERS)
    lists = "|".join(OWN_LISTS)
    rule = table(
        "规则",
        {
            "id": {
                "type": "string",
                "pattern": rf"^({lists})(\.[a-z0-9_]+)+$",
                "description": "编号，写作“清单.名字”，如 positive.land_tax",
            },
            "title": {**TEXT, "description": "短标题"},
            "list": choice(OWN_LISTS, "属于哪张清单"),
            "dimension": ref("dimension"),
            "applies_when": {**ref("condition"), "description": "什么样的项目适用；不写即都适用"},
            "unless": {**ref("condition"), "description": "什么样的项目豁免"},
            "if_missing": choice(IF_MISSING, "豁免的条件没填怎么办；写了 unless 就要写"),
            "require": {**ref("condition"), "description": "要求什么；不满足即不符合"},
            "effect": choice(
                {
                    Effect.REJECT: "不予准入",
                    Effect.REFER: "提交会审",
                    Effect.ADVISE: "只作建议，不影响结论",
                },
                "不符合时怎样处置",
            ),
            "departments": listed(ref("department"), "负责部门，第一个牵头"),
            "basis": BASIS,
            "message": {**TEXT, "description": f"不符合时的一句话；可用 {known}、字段名、指标名"},
            "remedy": {**TEXT, "description": "怎样补正；可用的花括号同 message"},
            "note": {**TEXT, "description": "给维护者看的说明"},
            "from": {**DATE, "description": "从哪天起有效（含）"},
            "until": {**DATE, "description": "到哪天为止有效（含）"},
            "due": choice(
                {stage.id: stage.title for stage in ruleset.stages},
                "从哪个环节起，没填就算材料不足；不写为联合会审",
            ),
        },
        required=("id", "title", "list", "require", "effect", "departments", "basis"),
        description=f"{ruleset.title}的一条规则",
    )
    rule["allOf"] = [
        {
            "if": {"properties": {"list": {"const": name}}},
            "then": {"properties": {"id": {"pattern": rf"^{name}\."}}},
        }
        for name in OWN_LISTS
    ]
    return rule


def rules_schema(rule: Schema) -> Schema:
    """A rule file: rules, groups of them that an exemption switches off, and rules to drop."""
    shared = {key: rule["properties"][key] for key in ("unless", "if_missing")}
    group = table(
        "一组规则，豁免的项目都不看",
        {**shared, "rules": {"type": "array", "items": rule, "minItems": 1}, "note": TEXT},
        required=("unless", "if_missing", "rules"),
    )
    gone = table("去掉所依据的规则集里的一条规则", {"drop": TEXT, "note": TEXT}, required=("drop",))
    single = {"if": {"required": ["drop"]}, "then": gone, "else": rule}
    return items({"if": {"required": ["rules"]}, "then": group, "else": single}, "规则文件")
