"""``admission mcp``: the desk's answers as tools of the Model Context Protocol, over stdio.

    admission mcp --rulebook rules/ --other 明年=drafts/2027/

Every tool reads and none writes; docs/integration.md shows how a client is told of it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Annotated, Any

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.stdio import stdio_server
from mcp_types import ToolAnnotations
from pydantic import Field, WithJsonSchema

from evaluator.mcp.desk import CURRENT, Desk, Refusal
from evaluator.mcp.intake import MAX_LINE, Refused, lines

INSTRUCTIONS = (
    "按“{title}”判断一个在谈项目能否准入。结论、理由和依据都由规则得出，逐字引用，不要改写数值、"
    "条款和结论；“示例值”未核对原文。只读，不提交、不存档；正式结论以系统受理后的判定和委员会结论为准。"
    "字段名先用 fields 查；没有的数据不要猜，留空即未知，再用 questions 看该问什么。"
)
READ = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
Dossier = Annotated[
    str,
    WithJsonSchema(
        {
            "anyOf": [{"type": "object"}, {"type": "string"}],
            "description": "项目申报材料：字段名到值，或这样一份 JSON 的文字。数写字段的单位，"
            "或写带单位的文字，如“18 公顷”；project_id、project_name、submitted_on 必填",
        }
    ),
]
AsOf = Annotated[
    str | None, Field(description="按哪一天有效的规则，如 2026-01-01；不写则为受理日期")
]
Stage = Annotated[str | None, Field(description="按哪个环节，如 lead；不写则为最后一个环节")]
Name = Annotated[str, Field(description="标识，或名称里的词（空格隔开，都要有）")]


def make_server(desk: Desk, version: str) -> MCPServer:
    """The server with its tools."""
    server = MCPServer(
        "admission",
        title="项目准入评估器",
        instructions=INSTRUCTIONS.format(title=desk.ruleset.title),
        version=version,
        log_level="WARNING",
    )
    books = "、".join([f"{CURRENT}（{desk.ruleset.title}）", *desk.others])

    def evaluate(
        dossier: Dossier,
        as_of: AsOf = None,
        stage: Stage = None,
        every_finding: Annotated[
            bool, Field(description="符合的、不适用的也列出；不写则只列不符合和材料不足的")
        ] = False,
    ) -> dict[str, Any]:
        """评估一个项目：准入（pass）、提交会审（refer）或不予准入（reject），理由、差距、依据、责任部门和补救办法。"""
        return desk.evaluate(dossier, as_of, stage, every_finding)

    def explain(
        dossier: Dossier,
        rule: Annotated[str, Field(description="规则的标识，如 positive.land_tax")],
        as_of: AsOf = None,
        stage: Stage = None,
    ) -> dict[str, Any]:
        """解释一条规则对这个项目的结论：公式代入的数字、逐项条件、所用的标准行、规则原文。"""
        return desk.explain(dossier, rule, as_of, stage)

    def questions(dossier: Dossier, as_of: AsOf = None, stage: Stage = None) -> dict[str, Any]:
        """还该问什么：答案仍能改变结论的字段，按要紧程度排列，由谁提供。"""
        return desk.questions(dossier, as_of, stage)

    def rule(name: Name) -> dict[str, Any]:
        """查一条规则：适用于什么、要求什么、不符合时怎样、依据、责任部门、怎样补正；词不止对上一条时列出各条。"""
        return desk.rule(name)

    def standard(name: Name) -> dict[str, Any]:
        """查一项准入标准：各期各档的值、依据、是否核对过原文、哪些规则用它；词不止对上一项时列出各项。"""
        return desk.standard(name)

    def fields(words: Annotated[str, Field(description="字段名、中文名里的词")]) -> dict[str, Any]:
        """查申报材料的字段：字段名、类型、单位、选项、由谁提供；必填的总是列出。"""
        return desk.fields(words)

    def diff(old: str, new: str) -> dict[str, Any]:
        """用文字列出两个规则集的不同：原来怎样、现在怎样、从哪天起。"""
        return desk.diff(old, new)

    for tool, title in (
        (evaluate, "评估项目"),
        (explain, "解释一条结论"),
        (questions, "该问什么"),
        (rule, "查规则"),
        (standard, "查准入标准"),
        (fields, "查字段"),
        (diff, "比较规则集"),
    ):
        more = f"可用的规则集：{books}。" if tool is diff else ""
        server.add_tool(
            _told(tool),
            title=title,
            description=f"{tool.__doc__}{more}",
            annotations=READ,
        )
    return server


def _told(tool: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    @functools.wraps(tool)
    def call(**given: Any) -> dict[str, Any]:
        try:
            return tool(**given)
        except Refusal as refusal:
            raise ToolError(str(refusal)) from None

    return call


def serve(desk: Desk, version: str) -> str | None:
    """Serve over stdio until the client goes away; why the session was ended, if it was."""
    return anyio.run(_serve, make_server(desk, version))


async def _serve(server: Any) -> str | None:
    refused: list[str] = []

    async def readline() -> bytes:
        return await anyio.to_thread.run_sync(
            sys.stdin.buffer.readline, MAX_LINE + 1, abandon_on_cancel=True
        )

    async def bounded() -> Any:
        try:
            async for line in lines(readline):
                yield line
        except Refused as why:
            refused.append(str(why))

    low = server._lowlevel_server
    async with stdio_server(stdin=bounded()) as (incoming, outgoing):
        await low.run(incoming, outgoing, low.create_initialization_options())
    return refused[0] if refused else None
