"""一次评估多个项目: a spreadsheet with a project in each row, judged without keeping anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData, UploadFile

from api.access.security import may_compute
from api.judging.current import CurrentJudge
from api.judging.judge import Judge
from api.judging.tables import MOST, RowRead, read_rows
from api.judging.workers import Workers, source_of
from api.pages.assess.posted import stage_of
from api.pages.frame.errors import PageRoute
from api.pages.frame.listing import Column, Kind, Listing, listing_response
from api.pages.frame.render import page
from api.pages.frame.session import Form
from api.pages.frame.words import LIGHTS
from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile
from evaluator.judgement.questions import questions
from evaluator.judgement.result import sentence
from evaluator.problems.errors import DossierError

router = APIRouter(include_in_schema=False, route_class=PageRoute)
KINDS = (".xlsx", ".csv", ".tsv", ".xls", ".ods")
ASKED = 3
VERDICTS = ("reject", "refer", "pass")
COLUMNS = (
    Column("所在行"),
    Column("项目编号"),
    Column("项目名称", width=36),
    Column("结论"),
    Column("一句话", width=60),
    Column("先问", width=40),
    Column("没有读懂的地方", width=60),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row as the page shows it: judged, or what is wrong with it."""

    place: str
    id: str = ""
    name: str = ""
    verdict: str = ""
    word: str = ""
    sentence: str = ""
    asked: str = ""
    wrong: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of the file that is handed out."""
        light = f"{LIGHTS[self.verdict]}·{self.word}" if self.verdict else "没有判定"
        wrong = "；".join(self.wrong)
        return self.place, self.id, self.name, light, self.sentence, self.asked, wrong


def judged(judge: Judge, rows: Sequence[RowRead], stage: str | None) -> list[Line]:
    """The lines of the rows, in the order of the file."""
    return [
        Line(row.place, wrong=row.wrong)
        if row.profile is None
        else _line(judge, row.place, row.profile, stage)
        for row in rows
    ]


def _line(judge: Judge, place: str, profile: Profile, stage: str | None) -> Line:
    evaluation = judge.evaluate(profile, stage=stage)
    needed = [q for q in questions(evaluation) if q.needed]
    label = judge.ruleset.registry.label
    asked = "、".join(label(q.name) for q in needed[:ASKED])
    return Line(
        place,
        profile.id,
        profile.name,
        evaluation.verdict.value,
        evaluation.word,
        sentence(evaluation).partition("：")[2],
        f"{asked} 等 {len(needed)} 项" if len(needed) > ASKED else asked,
    )


def _page(request: Request, judge: Judge, status: int = 200, **more: Any) -> Response:
    stages = judge.ruleset.stages if judge.ruleset.staged else ()
    shown = {"lines": None, "wrong": (), "notes": (), "kept": "", "uploaded": "", "stage": None}
    listed = [(s.id, s.title) for s in stages]
    return page(request, "batch.html", status, stages=listed, most=MOST, **{**shown, **more})


@router.get("/assess/batch")
def blank(request: Request, judge: CurrentJudge) -> Response:
    """Where the table is handed in."""
    return _page(request, judge)


@router.post("/assess/batch", dependencies=[Depends(may_compute)])
def several(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """The verdicts of the table's rows, and what of it was not understood."""
    given, stage = form.get("file"), stage_of(judge, form)
    name = (getattr(given, "filename", "") or "").replace("\\", "/").rpartition("/")[2][:80]
    if not isinstance(given, UploadFile) or not name.lower().endswith(KINDS):
        wrong: tuple[str, ...] = (
            f"请选择一份表格（{'、'.join(KINDS)}），每行一个项目，再点“评估”",
        )
        return _page(request, judge, 422, wrong=wrong, stage=stage)
    workers: Workers = request.app.state.workers
    registry, data = judge.ruleset.registry, given.file.read()
    try:
        rows, notes = workers.call(source_of(request), read_rows, name, data, registry)
    except DossierError as error:
        wrong = tuple(f"{p.place.cell or name}：{p.message}" for p in error.problems)
        return _page(request, judge, 422, wrong=wrong, uploaded=name, stage=stage)
    except ProblemError as error:
        if error.status != 422:
            raise
        return _page(request, judge, 422, wrong=(error.detail,), uploaded=name, stage=stage)
    lines = judged(judge, rows, stage)
    kept = [[r.place, r.profile.to_dict(registry) if r.profile else None, r.wrong] for r in rows]
    return _page(
        request,
        judge,
        lines=lines,
        counts=[(v, sum(line.verdict == v for line in lines)) for v in VERDICTS],
        notes=notes,
        uploaded=name,
        stage=stage,
        kept=json.dumps(kept, ensure_ascii=False, separators=(",", ":")),
    )


def _kept(judge: Judge, form: FormData) -> Iterator[RowRead]:
    """The rows that the page carries along. Raises ProblemError 422 for what no page gave out."""
    try:
        rows = json.loads(str(form.get("kept", "")))
        for place, dossier, wrong in rows[:MOST]:
            profile = judge.read_snapshot(dossier) if dossier is not None else None
            yield RowRead(str(place)[:100], profile, tuple(str(w)[:2000] for w in wrong))
    except (ValueError, TypeError, DossierError):
        raise ProblemError(422, "页面里的数据不完整，请重新上传表格") from None


@router.post("/assess/batch.{kind}", dependencies=[Depends(may_compute)])
def batch_file(judge: CurrentJudge, form: Form, kind: Kind) -> Response:
    """The same list for a spreadsheet, judged again from what the page carries along."""
    lines = judged(judge, list(_kept(judge, form)), stage_of(judge, form))
    about = [("规则集", judge.ruleset.title), ("规则集标识", judge.ruleset.identity)]
    listing = Listing("批量试算结论", COLUMNS, (line.cells for line in lines), about)
    return listing_response(kind, "verdicts", listing)
