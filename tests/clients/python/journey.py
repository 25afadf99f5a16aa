"""A project's way through the service with the generated Python client; types are checked by mypy."""

from __future__ import annotations

import sys

from admission_client import AuthenticatedClient, Client
from admission_client.api.changes import list_changes
from admission_client.api.decisions import list_findings
from admission_client.api.evaluations import evaluate_dossier
from admission_client.api.projects import get_project, list_projects, submit_project
from admission_client.api.reviews import get_task, list_tasks
from admission_client.models import (
    ChangePage,
    Dossier,
    EvaluationOut,
    EvaluationOutVerdict,
    ProblemOut,
    ProjectDetail,
    ProjectPage,
    ReceiptOut,
    TaskOut,
    TaskPage,
)

address, key, committee = sys.argv[1:]
asked = Dossier.from_dict(
    {
        "project_id": "PY-1",
        "project_name": "客户端走一遍",
        "submitted_on": "2024-06-03",
        "industry_code": "C3985",
        "land_use_mode": "new_industrial_land",
        "land_area": "30 亩",
        "total_investment": 12000,
    }
)

evaluation = evaluate_dossier.sync(client=Client(base_url=address), body=asked)
assert isinstance(evaluation, EvaluationOut), evaluation
assert evaluation.verdict is EvaluationOutVerdict.REFER

own = AuthenticatedClient(base_url=address, token=key)
receipt = submit_project.sync(client=own, body=asked, idempotency_key="py-1")
assert isinstance(receipt, ReceiptOut), receipt
again = submit_project.sync(client=own, body=asked, idempotency_key="py-1")
assert isinstance(again, ReceiptOut)
assert again.number == receipt.number

office = AuthenticatedClient(base_url=address, token=committee)
page = list_projects.sync(client=office, limit=200)
assert isinstance(page, ProjectPage)
assert receipt.number in {project.number for project in page.items}
project = get_project.sync(receipt.number, client=office)
assert isinstance(project, ProjectDetail)
findings = list_findings.sync(project.decision, client=office)
assert isinstance(findings, list)
assert {finding.rule for finding in findings}
tasks = list_tasks.sync(client=office, number=receipt.number)
assert isinstance(tasks, TaskPage)
task = get_task.sync(tasks.items[0].id, client=office)
assert isinstance(task, TaskOut)
assert task.state == "open"
changes = list_changes.sync(client=office)
assert isinstance(changes, ChangePage)
assert receipt.number in {change.number for change in changes.items}

refused = get_project.sync("ZR1900-000001", client=office)
assert isinstance(refused, ProblemOut), refused
assert refused.status == 404
print(receipt.number, receipt.verdict)
