"""What the names of a rulebook mean, in Markdown for an editor."""

from __future__ import annotations

from evaluator.dossier.fields import Field
from evaluator.judgement.inwords import condition_words, expr_words
from evaluator.judgement.wording import with_unit
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.criteria import KIND_LABELS, Criterion, Period
from evaluator.rulebook.verdict import EFFECT_LABELS
from evaluator.values.numbers import shown

MAX_ROWS = 12


def meaning(kind: str, name: str, ruleset: Ruleset) -> str | None:
    """What a name of that kind means; None where the ruleset has none such."""
    registry = ruleset.registry
    match kind:
        case "rule" if name in ruleset.rules:
            return _rule(ruleset.rules[name], ruleset)
        case "criterion" if name in ruleset.criteria:
            return _criterion(ruleset.criteria[name], ruleset)
        case "metric" if name in ruleset.metrics:
            metric = ruleset.metrics[name]
            formula = expr_words(metric.formula, ruleset)
            return _page(
                f"{metric.title}（指标）", f"单位：{metric.unit.name}", f"= {formula}", metric.note
            )
        case "field" if name in registry.references or name in registry.fields:
            return _field(registry.references.get(name) or registry.fields[name], ruleset)
        case "source" if name in ruleset.sources:
            source = ruleset.sources[name]
            force = f"施行：{source.in_force or '未写'}" + (
                f"，{source.until} 止" if source.until else ""
            )
            return _page(source.citation(), source.issuer, force, source.note)
        case "department" if name in registry.departments:
            return _page(f"{registry.departments[name]}（部门）")
        case "dimension" if name in ruleset.dimensions:
            return _page(f"{ruleset.dimensions[name]}（维度）")
    return None


def _page(title: str, *lines: str | None) -> str:
    return "\n\n".join((f"**{title}**", *filter(None, lines)))


def _field(field: Field, ruleset: Ruleset) -> str:
    low, high = field.minimum, field.maximum
    span = [f"至少 {shown(low, 6)}"] if low is not None else []
    span += [f"至多 {shown(high, 6)}"] if high is not None else []
    supplier = ruleset.registry.departments.get(field.supplied_by or "", field.supplied_by)
    keys = field.values or field.keys
    return _page(
        f"{field.label}（字段）",
        f"单位：{field.unit.name}" if field.unit and field.unit.name != "1" else None,
        "，".join(span),
        f"提供：{supplier}" if supplier else None,
        "\n".join(f"- `{k}` {v}" for k, v in keys.items()),
        field.note,
    )


def _rule(rule: Rule, ruleset: Ruleset) -> str:
    registry = ruleset.registry
    basis = [b.source.citation(b.clause) for b in rule.basis if b.source]
    basis += [
        f"标准“{c.title}”" for b in rule.basis if (c := ruleset.criteria.get(b.criterion or ""))
    ]
    return _page(
        f"{rule.title}（规则）",
        f"适用：{condition_words(rule.applies_when, ruleset)}",
        f"要求：{condition_words(rule.require, ruleset)}",
        f"不符合：{EFFECT_LABELS[rule.effect]}",
        f"部门：{'、'.join(registry.departments.get(d, d) for d in rule.departments)}",
        f"依据：{'；'.join(basis)}",
        f"有效：{rule.start or '一向'} 起，{rule.end or '未定'} 止"
        if rule.start or rule.end
        else None,
    )


def _criterion(criterion: Criterion, ruleset: Ruleset) -> str:
    by = "、".join(ruleset.registry.label(d) for d in criterion.by)
    return _page(
        f"{criterion.title}（准入标准，{KIND_LABELS[criterion.kind]}）",
        f"按{by}分档" if by else None,
        *(_period(p, criterion) for p in reversed(criterion.periods)),
    )


def _period(period: Period, criterion: Criterion) -> str:
    span = f"{period.start} 起" + (f"，{period.end} 止" if period.end else "")
    given = period.provenance
    if period.gap is not None:
        return f"{span}：没有标准（{period.gap}）"
    if criterion.kind == "list":
        lines = [f"{span}：{'、'.join(period.codes)}"]
    else:
        lines = [f"{span}："]
        for row in period.rows[:MAX_ROWS]:
            unit = row.unit or criterion.unit
            example = "" if row.provenance.verified else "（示例值）"
            lines.append(f"- {row.title()}：{with_unit(shown(row.value, 6), unit)}{example}")
        if len(period.rows) > MAX_ROWS:
            lines.append(f"- 共 {len(period.rows)} 行")
    cited = f"\n\n{given.source.citation(given.clause)}" if given else ""
    return "\n".join(lines) + cited
