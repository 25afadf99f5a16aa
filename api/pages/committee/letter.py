"""The letter on a conclusion (准入决定书): one context for the print page and for the Word template.

``templates/letter.docx`` is an ordinary Word file that the office may edit; its marks are the keys of
``letter_context``.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import Environment, StrictUndefined

from api.pages.assess.cases import Case
from api.pages.frame.render import HERE
from api.pages.frame.words import EFFECTS, OUTCOMES, chinese_date, citation, verdict_word
from api.store.review.conclusions import ConclusionOut

TITLES = {
    "admit": "项目准入决定书",
    "conditional": "项目附条件准入决定书",
    "suspend": "项目暂缓准入通知书",
    "reject": "项目不予准入决定书",
    "terminate": "项目准入办理终止通知书",
}
ACTS = {
    "admit": "同意该项目准入",
    "conditional": "同意该项目在落实下列条件的前提下准入",
    "suspend": "该项目暂缓准入",
    "reject": "不予准入",
    "terminate": "终止该项目的准入办理",
}
LISTED = 12  # Findings that a letter names.


def sentence(text: str | None) -> str:
    """A text that ends with one full stop, however it was typed."""
    bare = (text or "").strip().rstrip("。．.；;，,、 ")
    return f"{bare}。" if bare else ""


def listed(titles: list[str]) -> str:
    """A list that says how many there are where it does not name them all."""
    more = f"等 {len(titles)} 项" if len(titles) > LISTED else ""
    return "、".join(titles[:LISTED]) + more


def spoken(concluded: ConclusionOut) -> dict[str, str]:
    """A conclusion as a line among what departments said."""
    word = OUTCOMES[concluded.outcome] + ("（一事一议）" if concluded.override else "")
    text = f"{word}：{sentence(concluded.reason)}"
    if concluded.override:
        text += f"批准依据：{concluded.authority}（{concluded.document_number}）。"
    return {
        "department": concluded.body,
        "text": text,
        "by": concluded.person,
        "on": chinese_date(concluded.concluded_on),
    }


def letter_context(
    case: Case, concluded: ConclusionOut, before: ConclusionOut | None, stage: str | None
) -> dict[str, Any]:
    """Everything the letter says, as texts; ``before`` is the conclusion that this one takes the place of."""
    c, registry = concluded, case.ruleset.registry
    machine = verdict_word(case.ruleset, stage, c.machine)
    breached = [f for f in case.data["findings"] if f["status"] == "violated"]
    weighty = [f for f in breached if f["effect"] != "advise"]
    basis = list(dict.fromkeys(citation(b) for f in weighty for b in f["basis"]))
    return {
        "title": TITLES[c.outcome],
        "number": case.origin.number,
        "version": case.origin.version,
        "enterprise": case.enterprise or "项目投资主体",
        "name": case.title,
        "project_id": case.data["dossier"]["project_id"],
        "body": c.body,
        "on": chinese_date(c.concluded_on),
        "act": ACTS[c.outcome],
        "outcome": c.outcome,
        "word": OUTCOMES[c.outcome],
        "reason": sentence(c.reason),
        "override": c.override,
        "authority": c.authority or "",
        "document_number": c.document_number or "",
        "conditions": [
            {
                "number": n,
                "text": sentence(one.text).rstrip("。"),
                "due": chinese_date(one.due_on),
                "department": registry.department(one.department),
            }
            for n, one in enumerate(c.conditions, 1)
        ],
        "machine": machine,
        "sentence": sentence(case.data["sentence"]),
        "differs": c.override,
        "as_of": chinese_date(case.data["as_of"]),
        "breached": [
            {"title": f["title"], "effect": EFFECTS[f["effect"]], "message": sentence(f["message"])}
            for f in weighty
        ],
        "basis": basis,
        "undecided": len(c.undecided),
        "undecided_text": listed([f.title for f in c.undecided]),
        "silent": _silent(c, registry.department),
        "revised": _revised(before, c),
        "person": c.person,
    }


def _silent(c: ConclusionOut, name: Any) -> str:
    if not c.silent:
        return ""
    names = "、".join(name(s.department) for s in c.silent)
    if all(s.no_objection for s in c.silent):
        return f"{names}逾期没有答复，视为无异议。"
    return f"{names}逾期没有答复，不再等候，理由：{sentence(c.silence_reason)}"


def _revised(before: ConclusionOut | None, c: ConclusionOut) -> str:
    if before is None:
        return ""
    said = f"{chinese_date(before.concluded_on)}作出的“{OUTCOMES[before.outcome]}”"
    return f"本决定变更{said}，变更理由：{sentence(c.revision_reason)}"


def letter_docx(context: Mapping[str, Any]) -> bytes:
    """The letter as a Word file."""
    document = DocxTemplate(HERE / "templates" / "letter.docx")
    strict = Environment(autoescape=True, undefined=StrictUndefined)
    document.render(dict(context), strict, autoescape=True)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
