"""The written opinion (预审意见书): one context for the print page and for the Word template.

``templates/opinion.docx`` is an ordinary Word file that the office may edit; the marks in it are
the keys of ``opinion_context``.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined

from api.pages.assess.cases import Case
from api.pages.assess.verdict_view import Reason
from api.pages.frame.render import HERE
from api.pages.frame.words import (
    EFFECTS,
    amount,
    chinese_date,
    chinese_time,
    citation,
    digits,
)
from api.workdays.china import CHINA

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
LISTED = 12  # Missing fields named for each supplier.
EXAMPLE_NOTE = "标有“示例值”的要求值尚未核对原文，仅供演示，不能作为决定的依据。"
KINDS = {
    "trial": "试算，未受理，不存档",
    "example": "示例，按公开资料试算，不是对企业的评价",
}


def opinion_context(case: Case, reviews: Sequence[Any] = ()) -> dict[str, Any]:
    """Everything the opinion says, as texts."""
    view, data, origin = case.view, case.data, case.origin
    reasons = [_reason(i, r) for i, r in enumerate(view.blocking, 1)]
    now = origin.decided_at or dt.datetime.now(dt.UTC)
    changes = _changes(data["counterfactual"])
    return {
        "number": origin.number or KINDS.get(origin.kind, ""),
        "version": origin.version,
        "name": case.title,
        "project_id": data["dossier"]["project_id"],
        "enterprise": case.enterprise or "项目投资主体",
        "verdict": case.word,
        "stage": case.asked.stage if case.asked is not None else "",
        "asked": _asked(case),
        "routes": _routes(case),
        "sentence": data["sentence"],
        "as_of": chinese_date(data["as_of"]),
        "made": chinese_date(now),
        "made_at": chinese_time(now),
        "ruleset": data["ruleset"]["title"],
        "identity": data["ruleset"]["identity"],
        "digest": origin.digest or "",
        "labels": "、".join(data["labels"]),
        "scores": view.scores if origin.whole else (),
        "counts": {
            k: view.counts.get(k, 0)
            for k in ("violated", "unknown", "satisfied", "not_applicable", "advice")
        },
        "reasons": reasons,
        "advice": [_reason(i, r) for i, r in enumerate(view.advice, 1)],
        "lacks": [
            {
                "title": lack.title,
                "count": len(lack.fields),
                "fields": _listed([f.label for f in lack.fields]),
            }
            for lack in view.lacks
        ],
        "missing": view.missing_fields,
        "changes": changes,
        "declared": [
            {"label": d.label, "value": d.value, "came": d.came}
            for _, rows in case.sections
            for d in rows
        ],
        "origins": _origins(case),
        "reviews": [r if isinstance(r, dict) else dict(r) for r in reviews],
        "example_note": EXAMPLE_NOTE if any(r["example"] for r in reasons) else "",
        "today": chinese_date(dt.datetime.now(CHINA)),
    }


def _origins(case: Case) -> list[str]:
    """Where the declared values came from: each that was read, then who typed the rest."""
    read, typed = [], dict[str, list[str]]()
    for d in (d for _, rows in case.sections for d in rows if d.came):
        if "《" in d.came:
            read.append(f"{d.label} {d.value}：{d.came}")
        else:
            typed.setdefault(d.came, []).append(d.label)
    return read + [f"{came}：{'、'.join(labels)}" for came, labels in typed.items()]


def _asked(case: Case) -> list[str]:
    """What to ask first, as sentences; and that nothing is asked after a reject."""
    asked = case.asked
    if asked is None:
        return []
    if asked.note:
        return [f"{asked.note}。"]
    said = []
    if asked.count:
        listed = [f"{by}：{_listed([label for label, _ in fields])}" for by, fields in asked.needed]
        said.append(f"结论还等以下 {asked.count} 项，请先提供：{'；'.join(listed)}。")
    if asked.later:
        said.append(f"另有 {len(asked.later)} 项还没到环节，先答也可能影响结论。")
    return said


def _routes(case: Case) -> list[str]:
    """Who concludes, as sentences; what that still depends on."""
    asked = case.asked
    if asked is None:
        return []
    first = [f"审定层级：{'，再到'.join(asked.routes)}。"] if asked.routes else []
    return [*first, *(f"{line}。" for line in asked.routes_open)]


def _listed(labels: list[str]) -> str:
    more = f"等 {len(labels)} 项" if len(labels) > LISTED else ""
    return "、".join(labels[:LISTED]) + more


def _reason(number: int, reason: Reason) -> dict[str, Any]:
    f = reason.data
    return {
        "number": number,
        "title": f["title"],
        "effect": EFFECTS[f["effect"]],
        "message": digits(f["message"]),
        "required": amount(f["required"], f["unit"]) + ("（示例值）" if f["example"] else ""),
        "value": amount(f["value"], f["unit"]),
        "gap": reason.gauge.text if reason.gauge else "",
        "basis": "；".join(map(citation, f["basis"])) or "—",
        "departments": "、".join(reason.departments),
        "remedy": _bare(f["remedy"] or ""),
        "example": f["example"] and f["required"] is not None,
    }


def _bare(text: str) -> str:
    """A text without the stop that the letter puts behind it."""
    return text.rstrip("。；; ")


def _changes(counterfactual: dict[str, Any] | None) -> list[str]:
    """What would have to change, as sentences."""
    if not counterfactual or counterfactual["outcome"] == "none":
        return []
    out = []
    if counterfactual["single"]:
        first = [digits(c["text"]) for c in counterfactual["single"]]
        first = [_bare(text) for text in first]
        out.append(first[0] if len(first) == 1 else "以下各项任选其一：" + "；".join(first))
    if counterfactual["joint"]:
        out.append(
            "以下各项须同时做到："
            + "；".join(_bare(digits(c["text"])) for c in counterfactual["joint"])
        )
    return out


def opinion_docx(case: Case, reviews: Sequence[Any] = ()) -> bytes:
    """The opinion as a Word file."""
    document = DocxTemplate(HERE / "templates" / "opinion.docx")
    strict = Environment(autoescape=True, undefined=StrictUndefined)
    document.render(opinion_context(case, reviews), strict, autoescape=True)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
