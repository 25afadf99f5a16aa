"""The stage of a project on its pages, and the committee's form to move it on."""

from __future__ import annotations

import re
from typing import Any

from tests.api.pages.visitor import DRAFT, Visitor


def test_a_project_is_submitted_at_a_stage_and_moved_on(app: Any) -> None:
    clerk = Visitor(app).log_in("clerk")
    assert "试算和提交按哪个环节" in clerk.post("/assess/confirm", DRAFT).text
    sent = {**DRAFT, "project_id": "LEAD", "project_name": "线索甲", "_stage": "lead"}
    page = clerk.post("/assess/submit", sent)
    assert page.status_code == 200
    number = re.search(r"ZR\d{4}-\d{6}", page.text)
    assert number is not None
    assert "转到下一环节" not in page.text
    chair = Visitor(app).log_in("chair")
    shown = chair.get(f"/projects/{number[0]}").text
    assert "转到联合会审" in shown
    assert 'value="admit"' not in shown
    listed = chair.get("/projects?q=线索甲").text
    assert "<small>线索初筛</small>" in listed
    assert "不予跟进" in listed or "补充后再看" in listed
    assert "线索初筛" in chair.get("/projects.csv?q=线索甲").text
    form = shown.split('<h2 id="stage">')[1]
    seen = re.search(r'name="seen" value="([^"]+)"', form)
    assert seen is not None
    address = f"/projects/{number[0]}/stage"
    assert chair.post(address, {"reason": "同意", "seen": ""}).status_code == 428
    moved = chair.post(address, {"reason": "专班同意", "seen": seen[1]})
    assert moved.status_code == 200
    assert "转到签约前" in moved.text
    late = chair.post(address, {"reason": "很长的理由", "seen": seen[1]})
    assert (late.status_code, "很长的理由" in late.text) == (409, True)
    assert clerk.post(address, {"reason": "同意", "seen": seen[1]}).status_code == 403
    told = Visitor(app).log_in("auditor").get(f"/audit?subject=project:{number[0]}").text
    assert "转到下一环节" in told
    assert "环节：联合会审" in told
