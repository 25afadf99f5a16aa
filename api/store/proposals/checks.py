"""What a proposal is put through: check, cases, differences in words, proofs, impact.

Plain functions from texts to JSON data; nothing is written here. ``run_stages`` yields after each
stage, so that whoever runs it can show how far it is.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.store.proposals.merging import marked_files
from api.store.proposals.text import Text
from evaluator.cases.book import read_cases
from evaluator.cases.run import coverage_gaps, run_cases
from evaluator.engine.breaks import boundaries
from evaluator.judgement.evaluate import Evaluator
from evaluator.problems.errors import InputError, Problems
from evaluator.prove import CHECKS, Answer, State, prove
from evaluator.revision.diff import bare, diff
from evaluator.revision.outcome import Impact
from evaluator.revision.renamed import with_former
from evaluator.revision.retroactive import Retroactive, retroactive
from evaluator.rulebook.ast import Condition, Ruleset
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.checks.honest import far_values, value_falsehoods
from evaluator.rulebook.checks.papers import new_rejects
from evaluator.rulebook.files import is_case_file
from evaluator.rulebook.invariants import Invariant, invariants_of
from evaluator.rulebook.load import load_layers, try_layers
from evaluator.rulebook.transfer import write_text
from evaluator.rulebook.walk import nodes, references

# Proofs last: they take longest, and whoever waits wants to see whom the change moves.
STAGES = ("check", "cases", "diff", "impact", "proof")
MAX_LISTED = 200
MAX_MOVED = 20_000
MAX_OPENED = 200  # Projects that each count of the impact opens.
PROOF_MS = 10_000
BAD = (State.ALARM, State.UNDECIDED, State.FAULT)
OLD = "@原文"  # An invariant of the base that the proposal changes is kept under this mark too.


@dataclass(frozen=True, slots=True)
class Stored:
    """What the stages ask of the stored decisions.

    ``moved`` tells what the change from one ruleset to another does to them, ``made`` how many were
    judged as of a span of days, and the first of them by name.
    """

    moved: Callable[[Ruleset, Ruleset], Impact]
    made: Callable[[dt.date, dt.date], tuple[int, list[str]]]


def run_stages(
    base: Text, text: Text, today: dt.date, stored: Stored, *, restored: bool = False
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each stage's name and outcome. Without a readable ruleset only ``check`` is given.

    ``restored`` says that ``text`` was published before, letter by letter: to bring it back is no
    new claim of what a document says.
    """
    ruleset, problems = check_layers(text.layers)
    published = load_layers(base.layers)
    old = published if ruleset is not None else None
    partial = ruleset or try_layers(text.layers)[0]
    if partial is not None:
        problems = list(with_former(problems, published, partial))
    if ruleset is not None and old is not None:
        problems += (
            [] if restored else (*value_falsehoods(old, ruleset), *new_rejects(old, ruleset))
        )
        problems += far_values(old, ruleset)
    accepted = [p.to_dict() for p in problems if p.severity == "accepted"]
    listed = [p.to_dict() for p in problems if p.severity != "accepted"]
    markers = marked_files(text)
    listed += [
        {
            "code": "P101",
            "severity": "error",
            "file": name,
            "message": "合并的冲突还没有处理：留下要的一边，删去 <<<<<<<、=======、>>>>>>> 三行",
        }
        for name in markers
    ]
    errors = sum(p["severity"] == "error" for p in listed)
    yield (
        "check",
        {
            "errors": errors,
            "warnings": len(listed) - errors,
            "accepted": len(accepted),
            "problems": listed[:MAX_LISTED],
            "accepted_problems": accepted[:MAX_LISTED],
        },
    )
    if ruleset is None or old is None:
        return
    yield "cases", {**_cases(old, ruleset, text), **_changed_cases(old, base, ruleset, text)}
    entries = diff(old, ruleset)
    yield (
        "diff",
        {
            "entries": [e.to_dict() for e in entries.entries],
            "text": entries.render(),
            "touched": sorted(f"{e.kind}:{e.id}" for e in entries.entries),
            "files": _changed_files(base, text),
            "retroactive": [
                _retroactive(change, stored) for change in retroactive(old, ruleset, today)
            ],
        },
    )
    yield "impact", stored.moved(old, ruleset).to_dict(MAX_MOVED, MAX_OPENED)
    yield "proof", _proof(old, ruleset, today)


def _retroactive(change: Retroactive, stored: Stored) -> dict[str, Any]:
    """A change of past days, with the decisions that were made as of them."""
    total, names = stored.made(change.start, change.end)
    return {**change.to_dict(), "text": change.text(), "decisions": total, "listed": names}


def _cases(old: Ruleset, ruleset: Ruleset, text: Text) -> dict[str, Any]:
    problems = Problems()
    with tempfile.TemporaryDirectory() as directory:
        root = write_text(text.layers, text.materials, Path(directory))
        cases = read_cases(ruleset, problems, root)
    evaluator = Evaluator(ruleset, "reference")
    results = run_cases(cases, evaluator)
    failed = [r.problem() for r in results if not r.passed]
    gaps = [g.problem().to_dict() for g in coverage_gaps(ruleset, cases)]
    return {
        "total": len(results),
        "failed": len(failed) + len(problems),
        "problems": [p.to_dict() for p in (*with_former(problems, old, ruleset), *failed)][
            :MAX_LISTED
        ],
        "gaps": gaps[:MAX_LISTED],
        "left_out": cases.left_out,
    }


def _changed_cases(old: Ruleset, base: Text, new: Ruleset, text: Text) -> dict[str, list[str]]:
    """The cases of rules that are new, those that are gone, and those that expect something else, by
    rule and name."""
    if _case_texts(base) == _case_texts(text):
        return {"added": [], "dropped": [], "adjusted": []}
    before, after = (
        {
            f"{ruleset.rules[c.rule].title}：{c.name}": (c.expect, c.score, c.missing, c.profile)
            for c in read_cases(ruleset, Problems()).rules
        }
        for ruleset in (old, new)
    )
    return {
        "added": [n for n in after if n not in before][:MAX_LISTED],
        "dropped": [n for n in before if n not in after][:MAX_LISTED],
        "adjusted": [n for n in after if n in before and before[n] != after[n]][:MAX_LISTED],
    }


def _case_texts(text: Text) -> list[tuple[str, str, str]]:
    return [(n, p, t) for n, files in text.layers for p, t in files.items() if is_case_file(p)]


def _changed_files(base: Text, text: Text) -> list[dict[str, str]]:
    out = []
    for layer, path in dict.fromkeys([*base.names(), *text.names()]):
        sides = []
        for side in (base, text):
            known = {n for n, _ in side.layers} | {"@materials"}
            sides.append(side.file(layer, path) if layer in known else None)
        if sides[0] != sides[1]:
            what = "added" if sides[0] is None else "removed" if sides[1] is None else "changed"
            out.append({"layer": layer, "path": path, "change": what})
    return out


def invariants_to_keep(old: Ruleset, new: Ruleset) -> tuple[tuple[Invariant, ...], list[str]]:
    """The invariants of the new rulebook and those of the old that it drops or rewrites.

    So that nobody gets round an invariant by deleting it. Second, the ids of old ones that name
    what is no longer there, and so cannot be asked.
    """
    kept = {i.id: i for i in invariants_of(new)}
    lost: list[str] = []
    for invariant in invariants_of(old):
        now = kept.get(invariant.id)
        if now is not None and (bare(now.when), now.never) == (
            bare(invariant.when),
            invariant.never,
        ):
            continue
        id_ = invariant.id if now is None else invariant.id + OLD
        if _can_be_asked(invariant.when, new):
            kept[id_] = dataclasses.replace(invariant, id=id_)
        else:
            lost.append(id_)
    return tuple(kept.values()), lost


def _can_be_asked(condition: Condition, ruleset: Ruleset) -> bool:
    """Whether every field, metric and criterion that a condition names is there."""
    fields = {*ruleset.registry.references, *ruleset.registry.fields}
    named = {"field": fields, "metric": ruleset.metrics, "criterion": ruleset.criteria}
    return all(r.name in named[r.kind] for n in nodes(condition) for r in references(n))


def _proof(old: Ruleset, new: Ruleset, today: dt.date) -> dict[str, Any]:
    try:
        invariants, lost = invariants_to_keep(old, new)
    except InputError as error:
        problems = [p.to_dict() for p in error.problems]
        return {
            "days": [],
            "answers": [],
            "questions": 0,
            "problems": problems,
            "broken": ["invariants.yaml"],
        }
    broken: dict[str, None] = dict.fromkeys(lost)
    answers: list[dict[str, Any]] = [
        {
            "check": "invariant",
            "subjects": [i],
            "state": State.UNDECIDED.value,
            "proven": False,
            "message": f"不变式 {i} 提到的字段、指标或标准已不存在，无法证明",
            "witnesses": [],
        }
        for i in lost
    ]
    days = boundaries(new, today)
    questions = 0
    for n, day in enumerate(days):
        # Every later day on which anything changes must keep the invariants; the rest is told once.
        report = prove(new, day, CHECKS if n == 0 else ("invariant",), PROOF_MS, invariants)
        questions += report.questions
        for answer in report.answers:
            if answer.check == "invariant" and answer.state in BAD:
                broken.update(dict.fromkeys(answer.subjects))
            if _told(answer, n):
                told = answer.to_dict(report.registry)
                answers.append({**told, "as_of": day.isoformat()})
    return {
        "days": [d.isoformat() for d in days],
        "answers": answers,
        "questions": questions,
        "invariants": [{"id": i.id, "title": i.title} for i in invariants],
        "problems": [],
        "broken": sorted(broken),
    }


def _told(answer: Answer, n: int) -> bool:
    if answer.check == "invariant":
        return n == 0 or answer.state is not State.OK
    return answer.state is not State.OK
