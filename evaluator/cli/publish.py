"""``admission rules impact|publish|approve|release|rollback``: from a directory to the service, and back.

Publishing speaks to the service over its API with a key of its owner, so that the second person,
the checks and the record are the service's own, whoever starts it and from where.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluator.cli.common import load_rulebook, save, stop
from evaluator.judgement.wording import rule_names
from evaluator.problems.errors import AdmissionError, InputError
from evaluator.revision.begins import first_day
from evaluator.revision.impact import impact_file
from evaluator.revision.told import Where, render, touched_line
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_directory
from evaluator.rulebook.files import Layers
from evaluator.rulebook.transfer import STAGES, read_text, write_text
from evaluator.rulebook.verdict import CHANGE_LABELS, VERDICT_LABELS

KEY = "ADMISSION_KEY"
SERVER = "ADMISSION_SERVER"
POLL_SECONDS = 1.0
MAX_MOVED = 20
LOCAL = "http://127.0.0.1:8000"
Server = Annotated[
    str, typer.Option("--server", envvar=SERVER, help="服务地址，如 http://127.0.0.1:8000")
]
Directory = Annotated[
    Path,
    typer.Argument(
        metavar="规则集目录", help="criteria.yaml 所在的目录", exists=True, file_okay=False
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add the commands of this module to a command group."""
    app.command("impact")(impact)
    app.command("publish")(publish)
    app.command("approve")(approve)
    app.command("release")(release)
    app.command("rollback")(rollback)


def impact(
    old: Annotated[Path, typer.Argument(metavar="原目录", help="改之前的规则集目录")],
    new: Annotated[Path, typer.Argument(metavar="新目录", help="改之后的规则集目录")],
    dossiers: Annotated[
        Path, typer.Option("--dossiers", help="材料：.parquet、.csv、.jsonl、.xlsx、.yaml 等")
    ],
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="全部按这一天评估，如 2026-06-01；不写则为受理日期"),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="columnar（成批算，适合几千份以上）或 reference（逐份算）；不写则自动选，结果相同",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="有变动的项目全部写到这个 .jsonl 文件")
    ] = None,
    rule: Annotated[
        str | None, typer.Option("--rule", help="列出这条规则有变动的项目，可写“规则:violated”")
    ] = None,
    card: Annotated[
        str | None, typer.Option("--card", help="列出这张评分表得分有变动的项目")
    ] = None,
    department: Annotated[
        str | None, typer.Option("--department", help="列出这个部门的规则有变动的项目")
    ] = None,
    industry: Annotated[
        str | None, typer.Option("--industry", help="列出这个行业有变动的项目，如 C39")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """一批材料按新旧规则集各评一遍：哪些结论、单项结论和得分变了，涉及哪些部门、行业，多少土地、税收、能耗、就业。

    改规则时先用这个（提案里的“影响”与它相同）；材料有百万份、要网页报告或表格，用“portfolio compare”。
    """
    if engine not in (None, "columnar", "reference"):
        stop(f"没有引擎“{engine}”，可用：columnar、reference")
    named, _, change = (rule or "").partition(":")
    if change and change not in CHANGE_LABELS:
        stop(
            f"--rule 冒号后可写：{'、'.join(f'{c}（{word}）' for c, word in CHANGE_LABELS.items())}"
        )
    where = Where(named, change, card or "", "", department or "", industry or "")
    a, b = load_rulebook(old), load_rulebook(new)
    try:
        day = dt.date.fromisoformat(as_of) if as_of else None
    except ValueError:
        stop(f"--as-of 应是日期（如 2026-06-01），写的是“{as_of}”")
    try:
        report = impact_file(a, b, dossiers, engine, day)
    except AdmissionError as error:
        stop(error)
    for said in report.reading:
        typer.echo(said, err=True)
    begins = first_day(a, b)
    if begins is not None and day is None and not report.touched:
        hint = f"改动从 {begins.isoformat()} 起；材料都在此前受理的，加 --as-of {begins.isoformat()} 看影响"
        typer.echo(hint, err=True)
    if out is not None:
        lines = (json.dumps(t.to_dict(), ensure_ascii=False) for t in report.touched)
        save(out, "".join(f"{line}\n" for line in lines))
    if where != Where():
        opened = [t for one in report.touched if where.holds(t := one.to_dict())]
        if as_json:
            typer.echo(json.dumps(opened, ensure_ascii=False))
        else:
            typer.echo(
                "\n".join([f"共 {len(opened):,} 份", *(touched_line(t, b, a) for t in opened)])
            )
        return
    typer.echo(
        json.dumps(report.to_dict(), ensure_ascii=False) if as_json else render(report, b, old=a)
    )


# --- the service ---------------------------------------------------------------------------------


class _Service:
    """The service's API with a key."""

    def __init__(self, server: str) -> None:
        import httpx2

        key = os.environ.get(KEY)
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._server = server
        self._errors = httpx2.HTTPError
        self._http = httpx2.Client(
            base_url=f"{server.rstrip('/')}/api/v1", headers=headers, timeout=60
        )

    def __enter__(self) -> _Service:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, body: Any = None, seen: str | None = None) -> Any:
        """One request; a refusal ends the command with what the service says.

        ``seen`` is the state of the record that it acts on.
        """
        more: dict[str, Any] = {"headers": {"If-Match": seen}} if seen is not None else {}
        if body is not None:
            more["json"] = body
        try:
            answer = self._http.request(method, path, **more)
        except self._errors as error:
            why = "等了 60 秒没有答复" if "Timeout" in type(error).__name__ else "检查地址和网络"
            stop(f"连不上服务 {self._server}：{why}（地址用 --server 或环境变量 {SERVER} 写明）")
        try:
            data = answer.json()
        except ValueError:
            stop(f"服务的答复看不懂（{answer.status_code}），请检查 --server")
        if answer.status_code >= 400:
            hint = f"（密钥写在环境变量 {KEY} 里）" if answer.status_code in (401, 403) else ""
            told = "".join(
                f"\n{e.get('pointer', '')} {e['detail']}" for e in data.get("errors", [])
            )
            stop(f"{data.get('detail', answer.status_code)}{hint}{told}", 1)
        return data


def publish(
    directory: Directory,
    title: Annotated[str, typer.Option("--title", help="改什么，一句话")],
    reason: Annotated[str, typer.Option("--reason", help="为什么改，依据什么")],
    server: Server = LOCAL,
    wait: Annotated[int, typer.Option("--wait", help="最多等检查多少秒；0 为不等")] = 600,
    submit: Annotated[bool, typer.Option("--submit/--no-submit", help="检查通过后送审")] = True,
) -> None:
    """把规则集目录作为提案交给服务：自动检查、跑案例、证明、测影响，通过后送审，由另一人批准和发布。

    密钥写在环境变量 ADMISSION_KEY 里。提案可以发布（已送审），或与已发布的没有不同，返回 0；有问题返回 1。
    """
    ruleset, problems = check_directory(directory)
    errors = [p for p in problems if p.severity == "error"]
    if errors:
        for problem in errors:
            typer.echo(problem.render())
        stop(f"{len(errors)} 处错误，没有交给服务。", 1)
    layers, materials = read_text(directory)
    with _Service(server) as service:
        # A pipeline hands over every merge, also one that changed no rule.
        if _texts(layers, materials) == _published(service):
            typer.echo("与已发布的规则集没有不同，没有交给服务。")
            return
        files = {
            "layers": [{"name": n, "files": dict(f)} for n, f in layers],
            "materials": materials,
        }
        given = {"title": title, "reason": reason, "files": files}
        proposal = service.call("POST", "/proposals", given)["id"]
        typer.echo(f"提案 {proposal} 已起草。")
        if wait == 0:
            return
        run = _wait(service, proposal, wait)
        _tell(run, ruleset)
        view = service.call("GET", f"/proposals/{proposal}")
        if view["blockers"]:
            stop("\n".join(f"还不能送审：{b}" for b in view["blockers"]), 1)
        if submit:
            service.call("POST", f"/proposals/{proposal}/submission", seen=view["seen"])
            typer.echo(f"提案 {proposal} 已送审，请另一人批准并发布。")


def _texts(layers: Layers, materials: Mapping[str, str]) -> dict[tuple[bool, str, str], str]:
    texts = {(False, n, path): text for n, files in layers for path, text in files.items()}
    return texts | {(True, "", path): text for path, text in materials.items()}


def _published(service: _Service) -> dict[tuple[bool, str, str], str]:
    """The texts of the newest publication, which a proposal starts from."""
    newest = service.call("GET", "/rulesets?limit=1")["items"]
    files = service.call("GET", f"/rulesets/{newest[0]['id']}/files") if newest else []
    return {
        (m := f["layer"].startswith("@"), "" if m else f["layer"], f["path"]): f["text"]
        for f in files
    }


def _wait(service: _Service, proposal: int, seconds: int) -> dict[str, Any]:
    end, said = time.monotonic() + seconds, ""
    while True:
        run: dict[str, Any] = service.call("GET", f"/proposals/{proposal}/checks")
        stage = STAGES.get(run["stage"], run["stage"])
        now = f"检查：{run['label']}" + (f"（{stage}）" if stage else "")
        if now != said:
            typer.echo(now)
            said = now
        if run["state"] not in ("queued", "running"):
            return run
        if time.monotonic() > end:
            stop(f"等了 {seconds} 秒还没有检查完，提案 {proposal} 仍在服务上。", 1)
        time.sleep(POLL_SECONDS)


def _tell(run: dict[str, Any], ruleset: Ruleset | None) -> None:
    result = run["result"]
    known = (ruleset,) if ruleset else ()
    if run["error"]:
        typer.echo(run["error"])
    for part in ("check", "cases"):
        for problem in result.get(part, {}).get("problems", []):
            if problem.get("severity") == "error":
                at = (problem.get(k) for k in ("file", "line", "column"))
                where = ":".join(str(part) for part in at if part)
                typer.echo(f"{where} {problem['code']} {problem['message']}")
                if problem.get("hint"):
                    typer.echo(f"  提示：{problem['hint']}")
    if "diff" in result:
        typer.echo(result["diff"]["text"])
    for answer in result.get("proof", {}).get("answers", []):
        if answer["state"] not in ("ok", "note"):
            typer.echo(f"证明：{answer['message']}")
    impact = result.get("impact")
    if impact:
        typer.echo(f"影响：已有决定 {impact['total']} 份，结论改变 {impact['moved_total']} 份")
        for m in impact["moved"][:MAX_MOVED]:
            old, new = (VERDICT_LABELS.get(m[k], m[k]) for k in ("old", "new"))
            typer.echo(f"  {m['ref']}：{old} → {new}，因 {rule_names(m['rules'], *known)}")
        if impact["moved_total"] > MAX_MOVED:
            typer.echo(f"  另有 {impact['moved_total'] - MAX_MOVED} 份没有列出，见网页上的提案")


Mark = Annotated[
    str | None,
    typer.Option("--seen", help="看过的那一稿的标记（seen）；不写则显示改动并询问"),
]
Proposal = Annotated[
    int, typer.Argument(metavar="提案编号", help="publish 起草时给出的编号", min=1)
]


def approve(
    proposal: Proposal,
    comment: Annotated[str, typer.Option("--comment", help="意见")] = "",
    retroactive: Annotated[
        str, typer.Option("--retroactive", help="提案改了以前的标准时必写：为什么可以追溯")
    ] = "",
    seen: Mark = None,
    server: Server = LOCAL,
) -> None:
    """批准一份待审的提案；起草或修改过它的人不能批准。"""
    given = {"comment": comment, "retroactive": retroactive}
    with _Service(server) as service:
        mark = seen or _shown(service, proposal, "批准这一稿？")
        path = f"/proposals/{proposal}/approval"
        approved = service.call("POST", path, given, mark)
    typer.echo(f"提案 {proposal} 已批准，发布时的标记：{approved['seen']}")


def _shown(service: _Service, proposal: int, question: str) -> str:
    """The mark of a proposal as it is shown here, once whoever acts on it has said yes to it."""
    view = service.call("GET", f"/proposals/{proposal}")
    result = service.call("GET", f"/proposals/{proposal}/checks")["result"]
    typer.echo(f"提案 {proposal}“{view['title']}”，第 {view['revision']} 稿，{view['label']}")
    typer.echo(result.get("diff", {}).get("text", "检查还没有做到列出改动这一步"))
    if not typer.confirm(question):
        stop("没有办理。", 1)
    return str(view["seen"])


def release(
    proposal: Proposal,
    effective_on: Annotated[
        str | None,
        typer.Option("--effective-on", help="从哪一天起生效，如 2027-01-01；不写则为今天"),
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="发布理由；不写则用提案的")] = None,
    seen: Mark = None,
    server: Server = LOCAL,
) -> None:
    """发布一份已批准的提案：从生效日期起，新提交的材料按它判定，已有决定不变。"""
    with _Service(server) as service:
        given = {"effective_on": effective_on, "reason": reason}
        mark = seen or _shown(service, proposal, "发布这一稿？")
        made = service.call("POST", f"/proposals/{proposal}/publication", given, mark)
    typer.echo(
        f"提案 {proposal} 已发布，是第 {made['id']} 次发布，自 {made['effective_on']} 起生效。"
    )


def rollback(
    publication: Annotated[int, typer.Argument(metavar="第几次", help="回到第几次发布", min=1)],
    reason: Annotated[str, typer.Option("--reason", help="为什么回退")],
    server: Server = LOCAL,
) -> None:
    """起草一份回退到某次发布的提案；检查、送审、批准、发布与别的提案相同。"""
    with _Service(server) as service:
        made = service.call("POST", f"/rulesets/{publication}/rollback", {"reason": reason})["id"]
        typer.echo(f"提案 {made} 已起草：回退到第 {publication} 次发布。")
        _wait(service, made, 600)
        mark = service.call("GET", f"/proposals/{made}")["seen"]
        service.call("POST", f"/proposals/{made}/submission", seen=mark)
    typer.echo(f"提案 {made} 已送审，请另一人批准并发布。")


def pull_published(directory: Path, publication: int | None, server: str) -> None:
    """Write a published rulebook into a directory, by default the one in force, letter by letter."""
    with _Service(server) as service:
        if publication is None:
            listed = service.call("GET", "/rulesets?limit=200")["items"]
            publication = next((p["id"] for p in listed if p["state"] == "in_force"), None)
            if publication is None:
                stop("服务上没有现在生效的规则集；用 --publication 写明取第几次发布", 1)
        files = service.call("GET", f"/rulesets/{publication}/files")
    layers: dict[str, dict[str, str]] = {}
    materials: dict[str, str] = {}
    for file in files:
        if file["layer"].startswith("@"):
            materials[file["path"]] = file["text"]
        else:
            layers.setdefault(file["layer"], {})[file["path"]] = file["text"]
    try:
        top = write_text(tuple(layers.items()), materials, directory)
    except (InputError, OSError) as error:
        stop(error)
    typer.echo(f"第 {publication} 次发布的 {len(files)} 个文件已写到 {top}")


publish_app = typer.Typer(
    help="测影响，发布规则集，取回已发布的。", no_args_is_help=True, add_completion=False
)
add_commands(publish_app)
