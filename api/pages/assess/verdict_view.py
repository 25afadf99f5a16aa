"""A canonical result arranged for reading: worst first, by department, by who supplies what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from api.pages.assess.score_view import ScoreView, score_views
from evaluator.judgement.wording import difference
from evaluator.rulebook.ast import Ruleset

SEVERITY = {"reject": 0, "refer": 1, "advise": 2}
UNSETTLED = ("violated", "unknown")
HIGHS = ("investment_intensity", "technology", "output", "chain", "environment")
FULL = Decimal(2)  # A radar axis ends at twice the floor.


@dataclass(frozen=True, slots=True)
class Gauge:
    """A measured value against its threshold, as places on a bar from 0 to 100."""

    value: int
    required: int
    text: str


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding with what the page shows beside it."""

    data: dict[str, Any]
    departments: tuple[str, ...]
    gauge: Gauge | None

    @property
    def rank(self) -> tuple[int, Decimal, str]:
        """Worst first: by effect, then by relative gap."""
        gap = self.data["gap"] or {}
        relative = _number((gap.get("relative") or "").rstrip("%"))
        return SEVERITY[self.data["effect"]], -(relative or Decimal(0)), self.data["rule"]


@dataclass(frozen=True, slots=True)
class Group:
    """What one department has to answer for."""

    title: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A field that is not filled in, how many findings wait for it, what its answer has to be."""

    name: str
    label: str
    unit: str | None
    waiting: int
    rejects: int
    condition: str | None


@dataclass(frozen=True, slots=True)
class Lack:
    """What one supplier still has to give."""

    title: str
    fields: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of the radar: how far above or below its floor, 1 being the floor; None: not known."""

    title: str
    ratio: Decimal | None
    met: int
    breached: int
    unknown: int
    lowest: str


@dataclass(frozen=True, slots=True)
class VerdictView:
    """All of a result that the verdict page and the opinion show.

    ``counts`` are of the findings that count, by status, and of the advice (violated or unknown)
    under "advice"; together they are all findings. ``advice_open`` is advice that waits for data.
    """

    data: dict[str, Any]
    counts: dict[str, int]
    groups: tuple[Group, ...]
    advice: tuple[Reason, ...]
    advice_open: tuple[Reason, ...]
    lacks: tuple[Lack, ...]
    unknown: tuple[Reason, ...]
    satisfied: tuple[Reason, ...]
    outside: tuple[Reason, ...]
    later: tuple[Reason, ...]
    axes: tuple[Axis, ...]
    scores: tuple[ScoreView, ...] = ()

    @property
    def sentence(self) -> str:
        """The conclusion without the verdict's word, which stands above it; may be empty."""
        return str(self.data["sentence"]).partition("：")[2]

    @property
    def blocking(self) -> tuple[Reason, ...]:
        """The breaches that count, worst first."""
        return tuple(sorted((r for g in self.groups for r in g.reasons), key=lambda r: r.rank))

    @property
    def missing_fields(self) -> int:
        """How many fields are missing."""
        return sum(len(lack.fields) for lack in self.lacks)


def view_of(result: dict[str, Any], ruleset: Ruleset) -> VerdictView:
    """Arrange a result; ``ruleset`` gives the labels and must be the one that judged."""
    reasons = sorted((_reason(f, ruleset) for f in result["findings"]), key=lambda r: r.rank)

    def of(status: str) -> tuple[Reason, ...]:
        return tuple(r for r in reasons if r.data["status"] == status)

    violated = of("violated")
    counting = [r for r in violated if r.data["effect"] != "advise"]
    groups: dict[str, list[Reason]] = {}
    for reason in counting:
        groups.setdefault(reason.departments[0] if reason.departments else "未指定部门", []).append(
            reason
        )
    return VerdictView(
        data=result,
        counts=Counter(
            "advice" if f["effect"] == "advise" and f["status"] in UNSETTLED else f["status"]
            for f in result["findings"]
        ),
        groups=tuple(Group(title, tuple(rs)) for title, rs in groups.items()),
        advice=tuple(r for r in violated if r.data["effect"] == "advise"),
        advice_open=tuple(r for r in of("unknown") if r.data["effect"] == "advise"),
        lacks=_lacks(result, ruleset),
        unknown=tuple(r for r in of("unknown") if r.data["effect"] != "advise"),
        satisfied=of("satisfied"),
        outside=of("not_applicable"),
        later=of("not_due"),
        axes=tuple(_axis(d, reasons, ruleset) for d in HIGHS if d in ruleset.dimensions),
        scores=score_views(result, ruleset),
    )


def _reason(finding: dict[str, Any], ruleset: Ruleset) -> Reason:
    departments = tuple(ruleset.registry.department(d) for d in finding["departments"])
    return Reason(finding, departments, _gauge(finding))


def _number(text: Any) -> Decimal | None:
    try:
        return Decimal(str(text))
    except InvalidOperation:
        return None


def _gauge(finding: dict[str, Any]) -> Gauge | None:
    value, required = _number(finding["value"]), _number(finding["required"])
    if value is None or required is None or value < 0 or required <= 0:
        return None
    end = max(value, required) * Decimal("1.15")
    gap = finding["gap"]
    text = ""
    if gap:
        side = "低" if value < required else "高"
        text = f"{side} {difference(gap['absolute'], finding['unit'])}"
        text += f"（要求值的 {gap['relative']}）" if gap["relative"] else ""
    return Gauge(round(value / end * 100), round(required / end * 100), text)


def _lacks(result: dict[str, Any], ruleset: Ruleset) -> tuple[Lack, ...]:
    registry = ruleset.registry
    waiting: Counter[str] = Counter()
    rejects: Counter[str] = Counter()
    for finding in result["findings"]:
        # What only advice waits for changes no verdict: it stands with the advice.
        if finding["status"] == "unknown" and finding["effect"] != "advise":
            waiting.update(finding["missing"])
            if finding["effect"] == "reject":
                rejects.update(finding["missing"])
    counterfactual = result["counterfactual"] or {}
    conditions = {f["field"]: f["condition"] for f in counterfactual.get("fill", ())}
    # A breached rule may wait for a field that only has to be filled in.
    waiting.update(name for name in conditions if name not in waiting)
    by: dict[str, list[Missing]] = {}
    for name, field in registry.references.items():
        if name not in waiting:
            continue
        unit = field.unit.name if field.unit and field.unit.name != "1" else None
        title = registry.department(field.supplied_by) if field.supplied_by else "申报企业"
        by.setdefault(title, []).append(
            Missing(
                name=name,
                label=field.label,
                unit=unit,
                waiting=waiting[name],
                rejects=rejects[name],
                condition=conditions.get(name),
            )
        )
    # What an answer can do comes first: as the questions have it, then what could reject, then how many wait.
    asked = {q["field"]: n for n, q in enumerate(result.get("questions") or ())}

    def rank(m: Missing) -> tuple[int, int, int]:
        names = (
            m.name,
            m.name.partition(".")[0],
        )  # A record is asked for as one where none of it is given.
        at = min((asked[n] for n in names if n in asked), default=len(asked))
        return at, -m.rejects, -m.waiting

    groups = [Lack(title, tuple(sorted(fields, key=rank))) for title, fields in by.items()]
    return tuple(sorted(groups, key=lambda g: rank(g.fields[0])))


def _axis(dimension: str, reasons: list[Reason], ruleset: Ruleset) -> Axis:
    mine = [
        r.data
        for r in reasons
        if r.data["dimension"] == dimension
        and r.data["effect"] != "advise"
        and r.data["status"] != "not_applicable"
    ]
    count = Counter(f["status"] for f in mine)
    lowest: tuple[Decimal, str] | None = None
    for finding in mine:
        ratio = _ratio(finding)
        if ratio is not None and (lowest is None or ratio < lowest[0]):
            lowest = ratio, finding["title"]
    if count["unknown"] and not count["violated"]:
        lowest = None  # Whatever is known could be undone by what is not: it is not the weakest.
    return Axis(
        title=ruleset.dimensions[dimension],
        ratio=lowest[0] if lowest else None,
        met=count["satisfied"],
        breached=count["violated"],
        unknown=count["unknown"],
        lowest=lowest[1] if lowest else "",
    )


def _ratio(finding: dict[str, Any]) -> Decimal | None:
    """How a finding stands to its threshold: 1 meets it exactly, 2 at most; words count 1 or 0.

    A breach by number is below 1 whichever way its comparison runs.
    """
    if finding["status"] not in ("satisfied", "violated"):
        return None
    good = finding["status"] == "satisfied"
    value, required = _number(finding["value"]), _number(finding["required"])
    if value is None or required is None or value < 0 or required < 0:
        return Decimal(1) if good else Decimal(0)
    if value == required:
        return Decimal(1)
    if not value or not required:
        return FULL if good else Decimal(0)
    quotient = value / required
    high, low = max(quotient, 1 / quotient), min(quotient, 1 / quotient)
    return min(high, FULL) if good else low
