"""From a pasted brief to a verdict: take over, change, refuse; each value keeps its sentence."""

from __future__ import annotations

import html
from typing import Any

from fastapi.testclient import TestClient

from tests.api.pages.visitor import inputs_of

BRIEF = """项目编号：LQ-2025-007
项目名称：精密轴承制造项目
建设单位：苏北锐恒轴承科技有限公司
总投资3.2亿元，固定资产投资约2.5亿元，用地60亩。
劳动定员280人。经测算，项目定员300人。
项目不属于“两高”项目。
"""


def _numbers(sent: dict[str, str]) -> dict[str, str]:
    """The number under which the page offers each field; of several the first."""
    out: dict[str, str] = {}
    for key, value in sent.items():
        if key.startswith("field."):
            out.setdefault(value, key.removeprefix("field."))
    return out


def test_from_a_pasted_brief_to_a_verdict(app: Any) -> None:
    with TestClient(app) as client:
        found = client.post("/assess/read", data={"pasted": BRIEF})
        assert found.status_code == 200
        assert "<mark>3.2亿元</mark>" in found.text
        sent = inputs_of(found.text)
        at = _numbers(sent)
        assert f"take.{at['total_investment']}" in sent
        assert f"take.{at['fixed_asset_investment']}" not in sent
        assert f"take.{at['employees']}" not in sent
        del sent[f"take.{at['land_area']}"]  # Refused.
        sent[f"value.{at['total_investment']}"] = "33000"  # Changed.
        sent["all.approximate"] = "1"  # All of a kind.
        form = client.post("/assess/read/take", data=sent)
        assert form.status_code == 200
        typed = inputs_of(form.text)
        assert typed["total_investment"] == "33000"
        assert typed["fixed_asset_investment"] == "25000"
        assert typed["land_area"] == ""
        assert typed["employees"] == ""
        assert typed["two_high"] == "否"
        assert "第 4 行" in form.text
        checked = client.post("/assess/confirm", data=typed)
        assert checked.status_code == 200
        said = html.unescape(checked.text)
        assert "固定资产投资约2.5亿元" in said
        assert "第 4 行：“总投资3.2亿元" not in said, "its value is the person's own"
        verdict = client.post("/assess/result", data=inputs_of(checked.text))
        assert verdict.status_code == 200
        assert "精密轴承制造项目" in verdict.text


def test_two_of_one_field_are_not_chosen_between(app: Any) -> None:
    with TestClient(app) as client:
        sent = inputs_of(client.post("/assess/read", data={"pasted": BRIEF}).text)
        for key, value in list(sent.items()):
            if key.startswith("field.") and value == "employees":
                sent["take." + key.removeprefix("field.")] = "1"
        form = client.post("/assess/read/take", data=sent)
        assert inputs_of(form.text)["employees"] == ""
        assert "材料前后不一" in form.text


def test_what_cannot_be_read_is_said_on_the_page(app: Any) -> None:
    with TestClient(app) as client:
        nothing = client.post("/assess/read", data={"pasted": ""})
        assert (nothing.status_code, "请选择一个文件" in nothing.text) == (422, True)
        files = {"file": ("坏.docx", b"PK broken", "application/octet-stream")}
        bad = client.post("/assess/read", files=files)
        assert (bad.status_code, "没有读入" in bad.text) == (422, True)


def test_a_sentence_on_which_the_verdict_hangs_says_so(app: Any) -> None:
    brief = BRIEF + "产业结构调整指导目录：属于淘汰类。\n"
    with TestClient(app) as client:
        found = client.post("/assess/read", data={"pasted": brief})
        assert "这一句若不作数，结论由“不予准入”变为" in found.text
