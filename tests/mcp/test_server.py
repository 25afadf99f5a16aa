"""The MCP server as its own client meets it: over stdio, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters
from yaml import safe_load

from evaluator.judgement.explain import findings
from evaluator.judgement.questions import questions
from evaluator.judgement.trace import trace_of
from evaluator.library import load_rulebook
from evaluator.mcp.intake import MAX_LINE
from tests.support import ROOT, run_async

ADMISSION = str(Path(sys.executable).with_name("admission"))
EXAMPLE = ROOT / "examples" / "r36-acid-mist-purifier.yaml"
TOOLS = {"evaluate", "explain", "questions", "rule", "standard", "fields", "diff"}


class Told:
    """What the tools answer, by one session of the whole module."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers = answers

    def data(self, key: str) -> Any:
        answer = self.answers[key]
        assert not answer.is_error, answer.content[0].text
        return answer.structured_content

    def refusal(self, key: str) -> str:
        answer = self.answers[key]
        assert answer.is_error
        return str(answer.content[0].text)


def dossier(**more: Any) -> dict[str, Any]:
    read = safe_load(EXAMPLE.read_text("utf-8"))
    return {**json.loads(json.dumps(read.get("dossier", read), default=str)), **more}


def bare(**more: Any) -> dict[str, Any]:
    return {"project_id": "P1", "project_name": "某项目", "submitted_on": "2024-06-03", **more}


CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "whole": ("evaluate", {"dossier": dossier(), "every_finding": True}),
    "short": ("evaluate", {"dossier": dossier()}),
    "as text": ("evaluate", {"dossier": json.dumps(dossier()), "every_finding": True}),
    "trace": ("explain", {"dossier": dossier(), "rule": "positive.investment_intensity"}),
    "asked": ("questions", {"dossier": dossier(), "stage": "lead"}),
    "rule": ("rule", {"name": "positive.investment_intensity"}),
    "rules": ("rule", {"name": "投资强度"}),
    "standard": ("standard", {"name": "investment_intensity_floor"}),
    "standards": ("standard", {"name": "亩均税收"}),
    "fields": ("fields", {"words": "用地面积"}),
    "same": ("diff", {"old": "current", "new": "current"}),
    "differs": ("diff", {"old": "current", "new": "longchang"}),
    # Every digit counts: as a float this would be the threshold's neighbour, or the threshold.
    "digits": ("evaluate", {"dossier": dossier(land_area="@NUMBER@"), "every_finding": True}),
    "unknown field": ("evaluate", {"dossier": bare(land_aera=1)}),
    "twice": ("evaluate", {"dossier": "@TWICE@"}),
    "surrogate": ("evaluate", {"dossier": '{"project_id": "\\ud800"}'}),
    "deep": ("evaluate", {"dossier": "[" * 5000}),
    "many": ("evaluate", {"dossier": bare(emissions=[[]] * 50_001)}),
    "day": ("evaluate", {"dossier": bare(), "as_of": "去年"}),
    "stage": ("questions", {"dossier": bare(), "stage": "nowhere"}),
    "no rule": ("explain", {"dossier": bare(), "rule": "positive.land_taxx"}),
    "no standard": ("standard", {"name": "没有这样的标准"}),
    "a path": ("diff", {"old": "current", "new": "../../etc"}),
    "nothing": ("rule", {"name": "  "}),
}
NUMBER = "18.00000000000000000001"


@pytest.fixture(scope="module")
def listed() -> list[Any]:
    async def ask(client: Client) -> Any:
        return (await client.list_tools()).tools

    return session(ask)


@pytest.fixture(scope="module")
def told() -> Told:
    async def ask(client: Client) -> dict[str, Any]:
        return {key: await client.call_tool(name, given) for key, (name, given) in CALLS.items()}

    return Told(session(ask))


def session(act: Callable[[Client], Awaitable[Any]]) -> Any:
    """What ``act`` gives, with a client of a server behind a pipe that writes two numbers by hand."""
    relay = Path(__file__).with_name("relay.py")
    server = StdioServerParameters(
        command=sys.executable, args=[str(relay), ADMISSION, "mcp"], cwd=ROOT
    )

    async def run() -> Any:
        async with asyncio.timeout(120), Client(server) as client:
            return await act(client)

    return run_async(run())


def test_every_tool_says_that_it_only_reads(listed: list[Any]) -> None:
    assert {tool.name for tool in listed} == TOOLS
    for tool in listed:
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not tool.annotations.open_world_hint
        assert tool.description


def test_a_dossier_is_judged_to_the_bytes_of_the_command(told: Told) -> None:
    judged = load_rulebook().evaluate_file(EXAMPLE)[0]
    assert told.data("whole") == judged.result
    assert told.data("as text") == judged.result
    short = told.data("short")
    left = short.pop("left_out")
    telling = [f for f in judged.result["findings"] if f["status"] in ("violated", "unknown")]
    assert short["findings"] == telling
    assert sum(left.values()) == len(judged.result["findings"]) - len(telling)
    assert telling


def test_a_rule_is_explained_and_questions_are_asked_in_the_same_words(told: Told) -> None:
    book = load_rulebook()
    evaluation = book.evaluate_file(EXAMPLE)[0].evaluation
    assert told.data("trace") == json.loads(
        json.dumps(trace_of(evaluation, "positive.investment_intensity"))
    )
    early = book.evaluate_file(EXAMPLE, stage="lead")[0].evaluation
    asked = told.data("asked")["questions"]
    assert [q["field"] for q in asked] == [q.name for q in questions(early)]
    assert all(q["label"] == book.ruleset.registry.label(q["field"]) for q in asked)


def test_a_rule_and_a_standard_are_told_with_their_citations(told: Told) -> None:
    rule = told.data("rule")
    assert rule["title"] == load_rulebook().ruleset.rules[rule["id"]].title
    assert "investment_intensity_floor" in rule["standards"]
    standard = told.data("standard")
    newest = standard["periods"][0]
    assert newest["rows"]
    assert all(row["basis"] for row in newest["rows"])
    cited = {
        c.text
        for f in findings(load_rulebook().evaluate_file(EXAMPLE)[0].evaluation)
        for c in f.basis
        if c.criterion == standard["id"]
    }
    assert cited <= {row["basis"] for p in standard["periods"] for row in p["rows"]}
    assert {"id": rule["id"], "title": rule["title"]} in standard["rules"]
    assert any(r["id"] == rule["id"] for r in told.data("rules")["rules"])
    assert any(s["id"] == "land_tax_floor" for s in told.data("standards")["standards"])
    names = [f["name"] for f in told.data("fields")["fields"]]
    assert {"project_id", "project_name", "submitted_on", "land_area"} <= set(names)


def test_rulebooks_are_compared_by_name_and_never_by_path(told: Told) -> None:
    assert told.data("same") == {"entries": []}
    entries = told.data("differs")["entries"]
    assert entries
    assert all(e["lines"] or e["change"] != "修改" for e in entries)
    assert "没有规则集“../../etc”" in told.refusal("a path")


def test_a_number_keeps_every_digit_that_was_sent(told: Told) -> None:
    found = told.data("digits")
    by_text = load_rulebook().evaluate(dossier(land_area=NUMBER)).result
    assert found == by_text
    assert found != load_rulebook().evaluate(dossier(land_area=float(NUMBER))).result


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("unknown field", "land_area"),
        ("twice", "“land_area”写了两次"),
        ("surrogate", "U+D800"),
        ("deep", "D115"),
        ("many", "内容过多"),
        ("day", "as_of 应是日期"),
        ("stage", "nowhere"),
        ("no rule", "positive.land_tax"),
        ("no standard", "没有准入标准"),
        ("nothing", "写上要找的标识"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(told: Told, key: str, said: str) -> None:
    refused = told.refusal(key)
    assert said in refused
    assert "Traceback" not in refused


@pytest.mark.parametrize(
    ("sent", "said"),
    [(b"x" * (MAX_LINE + 10) + b"\n", str(MAX_LINE)), (b'{"jsonrpc": "\xff"}\n', "UTF-8")],
)
def test_a_line_that_cannot_be_a_request_ends_the_session(sent: bytes, said: str) -> None:
    ran = subprocess.run([ADMISSION, "mcp"], input=sent, capture_output=True, cwd=ROOT, timeout=120)
    assert ran.returncode == 1
    assert said in ran.stderr.decode()
    assert not ran.stdout
