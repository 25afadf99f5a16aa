"""The outcome of a changed rulebook for a terminal, and one count of it opened."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from evaluator.dossier.fields import AMOUNTS, Registry
from evaluator.judgement.wording import amount_words, rule_names
from evaluator.revision.outcome import NO_INDUSTRY, Impact
from evaluator.rulebook import ast
from evaluator.rulebook.verdict import CHANGE_LABELS, VERDICT_LABELS, Change, Verdict

WORDS = {v.value: VERDICT_LABELS[v] for v in Verdict}
WAYS = {"raised": "升", "lowered": "降", "changed": "其他变化"}


@dataclass(frozen=True, slots=True)
class Where:
    """Which of the touched projects; "" does not ask.

    ``change`` is of the rule's finding, or of any; ``old`` and ``new`` are verdicts.
    """

    rule: str = ""
    change: str = ""
    card: str = ""
    way: str = ""
    department: str = ""
    industry: str = ""
    old: str = ""
    new: str = ""

    def holds(self, touched: Mapping[str, Any]) -> bool:
        """Whether a project, as ``Touched.to_dict`` gives it, is one of them."""
        findings = touched["findings"]
        changes = {findings.get(self.rule)} if self.rule else set(findings.values())
        ways = {s["way"] for s in touched["scores"] if self.card in ("", s["card"])}
        return (
            (not self.rule or self.rule in findings or self.rule in touched["rules"])
            and (not self.change or self.change in changes)
            and (not self.card or bool(ways))
            and (not self.way or self.way in ways)
            and self.department in ("", *touched["departments"])
            and (touched["industry"] or NO_INDUSTRY).startswith(self.industry)
            and self.old in ("", touched["old"])
            and self.new in ("", touched["new"])
        )


def flow_words(registry: Registry, amounts: Mapping[str, Mapping[str, Any]]) -> str:
    """Sums as ``Flow.to_dict`` gives them: "用地面积 120 亩（3 份填了），…"."""
    stated = {n: (Fraction(amounts[n]["sum"]), amounts[n]["known"]) for n in AMOUNTS}
    return amount_words(registry, stated)


def change_words(counts: Mapping[str, int]) -> str:
    """How often each change: "新不符合 6 份，新符合 1 份"."""
    return "，".join(
        f"{word} {counts[c]:,} 份" for c, word in CHANGE_LABELS.items() if counts.get(c)
    )


def score_words(counts: Mapping[str, Any]) -> str:
    """What ``ScoreCount.to_dict`` gives: "升 3 份（最多升 5 分），降 1 份（最多降 2.5 分）；等次 …"."""
    said = []
    for way, word in WAYS.items():
        if counts[way]:
            far = counts["most_up"] if way == "raised" else counts["most_down"]
            most = "" if way == "changed" else f"（最多{word} {far.lstrip('-')} 分）"
            said.append(f"{word} {counts[way]:,} 份{most}")
    grades = [
        f"{g['old'] or '未定'} → {g['new'] or '未定'} {g['count']:,} 份" for g in counts["grades"]
    ]
    return "，".join(said) + (f"；等次 {'，'.join(grades)}" if grades else "")


def touched_words(touched: Mapping[str, Any], *rulesets: ast.Ruleset) -> list[str]:
    """All that changes for one project besides its verdict, as ``Touched.to_dict`` gives it."""
    said = [
        f"{rule_names([rule], *rulesets)}{CHANGE_LABELS[Change(change)]}"
        for rule, change in touched["findings"].items()
    ]
    others = [r for r in touched["rules"] if r not in touched["findings"]]
    said += [f"{rule_names(others, *rulesets)}的处置变了"] if others else []
    said += [f"{card_title(s['card'], *rulesets)} {points_text(s)}" for s in touched["scores"]]
    return said


def touched_line(touched: Mapping[str, Any], *rulesets: ast.Ruleset) -> str:
    """One project with its verdict and all else that changes for it."""
    old, new = WORDS[touched["old"]], WORDS[touched["new"]]
    verdict = f"{old} → {new}" if old != new else f"仍为{new}"
    named = f"{touched['ref']} {touched['project_id']}：{verdict}"
    return "，".join([named, *touched_words(touched, *rulesets)])


def points_text(score: Mapping[str, Any]) -> str:
    """A changed score: "80–84 分 → 75 分"."""
    return " → ".join(_points(score, side) for side in ("old", "new"))


def _points(score: Mapping[str, Any], side: str) -> str:
    low, high = score[f"{side}_low"], score[f"{side}_high"]
    if low is None:
        return "不评"
    return f"{low if low == high else f'{low}–{high}'} 分"


def card_title(card: str, *rulesets: ast.Ruleset) -> str:
    """A card by title; the first ruleset that knows one."""
    found = next((r.scorecards[card] for r in rulesets if card in r.scorecards), None)
    return f"评分表“{found.title if found else card}”"


def render(impact: Impact, new: ast.Ruleset, most: int = 20, old: ast.Ruleset | None = None) -> str:
    """The outcome for a terminal; ``old`` names the rules that are no more."""
    both = (new, old) if old else (new,)
    return "\n".join([*_head(impact), *_counts(impact, most, *both), *_listed(impact, most, *both)])


def _head(impact: Impact) -> Iterator[str]:
    yield (
        f"共 {impact.total:,} 份材料，结论改变 {len(impact.moved):,} 份，"
        f"有任何变动 {len(impact.touched):,} 份（{impact.note}）"
    )
    if impact.unread:
        yield f"另有 {impact.unread:,} 份按其中一个规则集读不了，没有计入"
    for a in WORDS:
        row = "，".join(f"新“{WORDS[b]}” {impact.matrix.get((a, b), 0):,}" for b in WORDS)
        yield f"  原“{WORDS[a]}”：{row}"


def _counts(impact: Impact, most: int, *rulesets: ast.Ruleset) -> Iterator[str]:
    data, registry = impact.to_dict(0, 0), rulesets[0].registry
    if impact.rules:
        moving = (f"{rule_names([r], *rulesets)} {n:,} 份" for r, n in impact.rules.items())
        yield f"引起结论变化的规则：{'，'.join(list(moving)[:most])}"
    for rule, counts in list(impact.findings.items())[:most]:
        yield f"规则 {rule_names([rule], *rulesets)}：{change_words(counts)}"
    for card, counts in data["scores"].items():
        yield f"{card_title(card, *rulesets)}：{score_words(counts)}"
    for flow in data["flows"]:
        old, new = WORDS[flow["old"]], WORDS[flow["new"]]
        what = f"{old} → {new}" if old != new else f"仍为{new}"
        yield f"{what} 的 {flow['count']:,} 份：{flow_words(registry, flow['amounts'])}"
    for title, groups in (
        ("按部门", {registry.department(d): n for d, n in impact.by_department.items()}),
        ("按行业", impact.by_industry),
    ):
        listed = "，".join(f"{k} {n['touched']:,} 份" for k, n in list(groups.items())[:most])
        if listed:
            yield f"{title}：{listed}"


def _listed(impact: Impact, most: int, *rulesets: ast.Ruleset) -> Iterator[str]:
    # Those whose verdict changes come first.
    ordered = sorted(impact.touched, key=lambda t: not t.moved)
    for one in ordered[:most]:
        yield f"  {touched_line(one.to_dict(), *rulesets)}"
    if len(ordered) > most:
        yield f"  另有 {len(ordered) - most:,} 份没有列出"
