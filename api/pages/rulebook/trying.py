"""Trying a change of the rulebook without keeping it: checked, told in words, judged on examples."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.judging import trial
from api.judging.current import CurrentJudge
from api.judging.trial import Trial, problems_in
from api.judging.workers import Workers, source_of
from api.pages.assess.examples import Examples
from api.pages.frame.errors import PageRoute
from api.pages.frame.render import page
from api.pages.frame.session import Form, entitled
from api.transport.answers import answer
from api.transport.problems import ProblemError
from evaluator.revision.tally import Row
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.files import Layers

router = APIRouter(prefix="/rules/try", include_in_schema=False, route_class=PageRoute)
MAX_TEXT = 1_000_000
WHAT = {
    "criteria.yaml": "准入标准：全部下限、上限和名录",
    "metrics.yaml": "指标的算式，如投资强度",
    "labels.yaml": "标签，如四高项目",
    "invariants.yaml": "底线（不变式）：规则怎么改都要成立",
    "fields.yaml": "增加的申报字段",
}
File = Annotated[str, Query(max_length=300)]


def _files(ruleset: Ruleset) -> list[tuple[str, str]]:
    """(layer, path) of every file that a maintainer may want to change."""
    return [(layer, path) for layer, files in ruleset.layers for path in files]


def _text(ruleset: Ruleset, layer: str, path: str) -> str:
    for name, files in ruleset.layers:
        if name == layer and path in files:
            return files[path]
    raise ProblemError(404, f"规则集里没有文件“{path[:100]}”。")


def _with(ruleset: Ruleset, layer: str, path: str, text: str) -> Layers:
    return tuple(
        (name, MappingProxyType({**files, path: text}) if name == layer else files)
        for name, files in ruleset.layers
    )


@router.get("/files")
def files(request: Request, judge: CurrentJudge) -> Response:
    """Which file to change."""
    entitled(request, "read")
    titles: dict[str, list[str]] = {}
    for rule in judge.ruleset.rules.values():
        titles.setdefault(rule.place.source.name, []).append(rule.title)
    return page(request, "try_files.html", files=_files(judge.ruleset), titles=titles, what=WHAT)


@router.get("/edit")
def edit(
    request: Request,
    judge: CurrentJudge,
    layer: File,
    file: File,
    line: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
) -> Response:
    """The editor with the file as it is in force, opened at a line."""
    entitled(request, "read")
    text = _text(judge.ruleset, layer, file)
    return page(
        request, "try.html", layer=layer, file=file, text=text, tried=None, titles={}, line=line
    )


@router.get("/words")
def words(request: Request, judge: CurrentJudge) -> Response:
    """What may be completed in the editor: fields, metrics, criteria, departments, sources."""
    entitled(request, "read")
    ruleset = judge.ruleset
    named = [(n, f.label, "variable") for n, f in ruleset.registry.references.items()]
    named += [(i, m.title, "function") for i, m in ruleset.metrics.items()]
    named += [(i, c.title, "constant") for i, c in ruleset.criteria.items()]
    named += [(d, title, "enum") for d, title in ruleset.registry.departments.items()]
    named += [(d, title, "enum") for d, title in ruleset.dimensions.items()]
    named += [(i, s.title, "text") for i, s in ruleset.sources.items()]
    listed = [{"label": n, "detail": t, "type": k} for n, t, k in named]
    return Response(json.dumps(listed, ensure_ascii=False), media_type="application/json")


def _posted(form: Any, ruleset: Ruleset) -> tuple[str, str, str]:
    layer, path = str(form.get("layer", "")), str(form.get("file", ""))
    text = str(form.get("text", "")).replace("\r\n", "\n")
    if len(text) > MAX_TEXT:
        raise ProblemError(413, "文件太长。")
    _text(ruleset, layer, path)
    return layer, path, text


@router.post("/check")
def check(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """The problems of the file as JSON, for the editor."""
    entitled(request, "read")
    layer, path, text = _posted(form, judge.ruleset)
    return problems_json(request, _with(judge.ruleset, layer, path, text), path)


def problems_json(request: Request, layers: Layers, path: str) -> Response:
    """What is wrong in one file of a rulebook, as the editor reads it."""
    workers: Workers = request.app.state.workers
    found = workers.call(source_of(request), problems_in, layers, path)
    return answer(found)


@router.post("/edit")
def tried(request: Request, judge: CurrentJudge, form: Form) -> Response:
    """The change checked; where it reads, what it means and which examples it moves."""
    entitled(request, "read")
    layer, path, text = _posted(form, judge.ruleset)
    ruleset, workers = judge.ruleset, request.app.state.workers
    changed = _with(ruleset, layer, path, text)
    outcome: Trial = workers.call(
        source_of(request),
        trial.tried,
        ruleset.identity,
        ruleset.layers,
        changed,
        _rows(request, judge),
    )
    return page(
        request,
        "try.html",
        200 if outcome.read else 422,
        layer=layer,
        file=path,
        text=text,
        line=None,
        tried=outcome,
        titles=outcome.titles,
    )


def _rows(request: Request, judge: Any) -> list[Row]:
    examples: Examples = request.app.state.examples
    registry = judge.ruleset.registry
    return [
        Row(s.example.slug, json.dumps(s.example.profile.to_dict(registry), ensure_ascii=False))
        for s in examples.summaries(judge)
    ]
