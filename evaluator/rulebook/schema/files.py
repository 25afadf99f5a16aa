"""JSON Schemas of the rulebook's files, so that any YAML editor completes and checks them.

    admission schema rules --rulebook . -o build/schemas

Names of fields, metrics, criteria, departments and sources are listed as they stand in the ruleset.
The schemas say what a file may look like; units, dates and references are checked when it loads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.criteria import Kind
from evaluator.rulebook.files import is_case_file
from evaluator.rulebook.grammar.criteria_file import LEVELS, table_dimensions
from evaluator.rulebook.schema.cards import card_schema
from evaluator.rulebook.schema.cases import case_schemas
from evaluator.rulebook.schema.parts import (
    BOOLEAN,
    DATE,
    NUMBER,
    TEXT,
    Schema,
    choice,
    conditions,
    expressions,
    items,
    labelled,
    table,
)
from evaluator.rulebook.schema.rules import BASIS, listed, ref, rule_schema, rules_schema
from evaluator.rulebook.verdict import VERDICT_LABELS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# Which files each schema is for, as editors name them.
FILES: Mapping[str, str] = {
    "criteria": "criteria.yaml",
    "metrics": "rules/**/metrics.yaml",
    "labels": "rules/**/labels.yaml",
    "stages": "rules/**/stages.yaml",
    "routes": "rules/**/routes.yaml",
    "invariants": "rules/**/invariants.yaml",
    "cases": "rules/**/*.cases.yaml",
    "scorecards": "rules/scorecards/*.yaml",
    "rules": "rules/*/*.yaml",
}


def kind_of(name: str) -> str:
    """Which schema a rulebook file is for, by its name."""
    last = name.rsplit("/", 1)[-1]
    if is_case_file(name):
        return "cases"
    if "scorecards/" in name:
        return "scorecards"
    stem = last.removesuffix(".yaml")
    return stem if stem in FILES and stem not in ("cases", "rules") else "rules"


def schemas(ruleset: Ruleset) -> dict[str, Schema]:
    """One schema for each kind of file in ``FILES``."""
    out = {
        "rules": rules_schema(rule_schema(ruleset)),
        "metrics": items(_metric(), "指标文件"),
        "labels": _labels(ruleset),
        "scorecards": card_schema(ruleset, BASIS),
        "stages": items(_stage(), "环节文件"),
        "routes": items(_route(), "审定层级文件"),
        "criteria": _criteria(ruleset),
        "invariants": items(_invariant(), "不变式文件"),
        "cases": items(
            {"anyOf": case_schemas(_dossier(ruleset), {s.id: s.title for s in ruleset.stages})},
            "案例文件",
        ),
    }
    parts = _definitions(ruleset)
    return {name: {"$schema": DIALECT, **schema, "$defs": parts} for name, schema in out.items()}


def write_schemas(ruleset: Ruleset, directory: Path) -> list[Path]:
    """Write ``<name>.schema.json`` files; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for name, schema in schemas(ruleset).items():
        path = directory / f"{name}.schema.json"
        path.write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n", "utf-8")
        paths.append(path)
    return paths


def _definitions(ruleset: Ruleset) -> dict[str, Schema]:
    registry = ruleset.registry
    names = {
        "field": labelled({n: f.label for n, f in registry.references.items()}, "字段"),
        "metric": labelled({m.id: m.title for m in ruleset.metrics.values()}, "指标"),
        "criterion": labelled({c.id: c.title for c in ruleset.criteria.values()}, "准入标准"),
        "source": labelled({s.id: s.title for s in ruleset.sources.values()}, "依据文件"),
        "department": labelled(registry.departments, "部门"),
        "dimension": labelled(ruleset.dimensions, "维度"),
        "rule": labelled({r.id: r.title for r in ruleset.rules.values()}, "规则"),
    }
    by = dict.fromkeys(sorted({d for c in ruleset.criteria.values() for d in c.by}), TEXT)
    return {**names, **expressions(by), **conditions()}


def _metric() -> Schema:
    return table(
        "指标",
        {
            "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "英文名"},
            "title": {**TEXT, "description": "中文名"},
            "unit": {**TEXT, "description": '单位，如 万元/亩；没有单位写 "1"'},
            "digits": {
                "type": "integer",
                "minimum": 0,
                "maximum": 12,
                "description": "显示几位小数",
            },
            "note": TEXT,
            "formula": {**ref("expression"), "description": "公式"},
        },
        required=("id", "title", "unit", "formula"),
    )


def _invariant() -> Schema:
    verdict = choice(VERDICT_LABELS, "结论")
    verdicts = {"anyOf": [verdict, listed(verdict, "几个结论")]}
    return table(
        "不变式",
        {
            "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
            "title": TEXT,
            "when": {**ref("condition"), "description": "什么样的项目"},
            "never": {**verdicts, "description": "不得出现的结论"},
            "always": {**verdicts, "description": "只能出现的结论"},
            "note": TEXT,
        },
        required=("id", "title", "when"),
        one_of=("never", "always"),
    )


def _labels(ruleset: Ruleset) -> Schema:
    label = table(
        "标签",
        {
            "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
            "title": TEXT,
            "dimensions": listed(ref("dimension"), "这些维度的规则都符合才得到标签"),
            "note": TEXT,
        },
        required=("id", "title", "dimensions"),
    )
    names = {"type": "object", "additionalProperties": TEXT, "description": "维度：英文名和中文名"}
    properties = {"dimensions": names, "labels": {"type": "array", "items": label}}
    return table("标签文件", properties, description=ruleset.title)


def _route() -> Schema:
    cited = table(
        "依据",
        {"source": ref("source"), "clause": {**TEXT, "description": "条款"}},
        required=("source",),
    )
    return table(
        "审定层级",
        {
            "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "英文名"},
            "body": {**TEXT, "description": "由哪个机构审定"},
            "when": {**ref("condition"), "description": "什么样的项目由它审定；不写即都由它"},
            "workdays": {
                "type": "integer",
                "minimum": 1,
                "maximum": 366,
                "description": "几个工作日",
            },
            "basis": listed(cited, "依据，至少一条"),
            "note": TEXT,
        },
        required=("id", "body", "basis"),
    )


def _stage() -> Schema:
    said = {
        v.value: {**TEXT, "description": f"“{label}”在这一环节怎么说"}
        for v, label in VERDICT_LABELS.items()
    }
    return table(
        "环节",
        {
            "id": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$", "description": "英文名"},
            "title": {**TEXT, "description": "中文名"},
            "words": table("三种结论的说法", said, required=tuple(said)),
            "fields": listed(ref("field"), "这一环节的表单另外先问的字段"),
            "note": TEXT,
        },
        required=("id", "title", "words"),
    )


def _criteria(ruleset: Ruleset) -> Schema:
    day = {
        "published": "发布日期",
        "in_force": "施行日期",
        "until": "废止前最后一天",
        "counted_to": "统计数据截至哪一天",
    }
    source = table(
        "依据文件",
        {
            **dict.fromkeys(("title", "number", "issuer", "seen_at", "note"), TEXT),
            **{k: {**DATE, "description": v} for k, v in day.items()},
            "level": choice(LEVELS, "层级"),
        },
        required=("title",),
    )
    profile = table(
        "剖面",
        {
            "id": TEXT,
            "title": TEXT,
            "extends": {**TEXT, "description": "在哪个目录之上"},
            "note": TEXT,
        },
        required=("id", "title"),
    )
    accepted = table(
        "接受的提醒",
        {
            "code": {
                "type": "string",
                "pattern": r"^W\d{3}$",
                "description": "提醒的代码，如 W921；错误不能接受",
            },
            "names": listed(TEXT, "哪几条规则、标准或依据文件的提醒，写它们的名字"),
            "reason": {**TEXT, "description": "为什么可以"},
            "until": {**DATE, "description": "到哪天为止（含）；过期后重新提醒"},
        },
        required=("code", "names", "reason"),
    )
    return table(
        "准入标准文件",
        {
            "language": {"const": 1, "description": "规则语言的版本"},
            "profile": profile,
            "accepted": {
                "type": "array",
                "items": accepted,
                "description": "看过而确实如此的提醒；检查时只计数，不影响结论",
            },
            "sources": {"type": "object", "additionalProperties": source},
            "criteria": {"type": "object", "additionalProperties": _criterion(ruleset)},
        },
        required=("language", "profile"),
    )


def _criterion(ruleset: Ruleset) -> Schema:
    dimensions = sorted(table_dimensions(ruleset.registry))
    basis: dict[str, Schema] = {
        # A new source is written in the same file, so its name cannot be listed beforehand.
        "source": {**TEXT, "description": "依据文件的名字，见 sources"},
        "clause": {**TEXT, "description": "条款"},
        "verified": {**BOOLEAN, "description": "是否已对照原文核对；false 为示例值"},
        "note": TEXT,
        "correction": {**TEXT, "description": "值改了而依据没改时写：以前怎样读错了"},
    }
    word = {"type": ["string", "integer"]}
    keys: dict[str, Schema] = {
        d: {"anyOf": [word, {"type": "array", "items": word, "minItems": 1}]} for d in dimensions
    }
    started = {**DATE, "description": "这一行从哪天起有效；不写随整段"}
    row = table(
        "一行",
        {**keys, "value": NUMBER, "unit": TEXT, "from": started, **basis},
        required=("value",),
    )
    period = table(
        "一段",
        {
            "from": {**DATE, "description": "从哪天起有效（含）"},
            "until": {**DATE, "description": "到哪天为止有效（含）"},
            "value": NUMBER,
            "rows": {"type": "array", "items": row, "minItems": 1},
            "codes": {"type": "array", "items": TEXT, "minItems": 1},
            "gap": {**TEXT, "description": "这段时间没有标准的原因"},
            "transition": table("过渡", {"accepted_before": DATE}, required=("accepted_before",)),
            **basis,
        },
        required=("from",),
        one_of=("value", "rows", "codes", "gap"),
    )
    kinds = {Kind.FLOOR: "下限", Kind.CEILING: "上限", Kind.LIST: "代码清单", Kind.VALUE: "一个数"}
    rounded = {"type": "integer", "minimum": 0, "maximum": 12}
    return table(
        "准入标准",
        {
            "title": TEXT,
            "kind": choice(kinds, "种类"),
            "unit": TEXT,
            "by": listed(choice(dict.fromkeys(dimensions, ""), "分档的字段"), "按什么分档"),
            "compare": {
                "anyOf": [{"const": "full"}, table("修约", {"rounded": rounded}, ("rounded",))],
                "description": "全数值比较（默认），或修约到几位小数再比",
            },
            "tighten_only": {**BOOLEAN, "description": "地方只能更严"},
            "note": TEXT,
            "values": {"type": "array", "items": period, "minItems": 1},
        },
        required=("title", "kind", "values"),
    )


def _dossier(ruleset: Ruleset) -> Schema:
    fields: dict[str, Schema] = {
        f.name: {"title": f.label} for f in ruleset.registry.fields.values()
    }
    return {"type": "object", "properties": fields, "additionalProperties": False}
