"""A small rulebook directory and a service on it, for the tests of proposals."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.store.proposals import runs
from tests.api.support import Service
from tests.support import CRITERIA, LABELS, METRICS, RULES

CASES = """# 案例与规则放在一起
- {rule: positive.tax, name: 达到, expect: satisfied, boundary: true, dossier: {annual_tax: 2000, land_area: 100}}
- {rule: positive.tax, name: 不到, expect: violated, dossier: {annual_tax: 1999, land_area: 100}}
- {rule: negative.industry, name: 不在名单, expect: satisfied, dossier: {industry_code: C3985}}
- {rule: negative.energy, name: 不是两高, expect: not_applicable, dossier: {two_high: false}}
- {name: 好项目, file: examples/good.yaml, verdict: pass}
"""
GOOD = """dossier:
  project_id: T1
  project_name: 好项目
  submitted_on: 2024-06-03
  industry_code: C3985
  annual_tax: 2000
  land_area: 100
  two_high: false
"""
INVARIANTS = """- id: bad_industry_rejected
  title: 禁止行业一律不予准入
  when: {field: industry_code, starts_with: [C25]}
  always: reject
- id: low_tax_never_passes
  title: 亩均税收不到 15 的从不自动准入
  when: {not: {metric: land_tax, at_least: "15 万元/亩/年"}}
  never: pass
"""
FILES = {
    "criteria.yaml": f"# 测试标准，注释也要留住\n{CRITERIA}",
    "rules/metrics.yaml": METRICS,
    "rules/labels.yaml": LABELS,
    "rules/rules.yaml": RULES.lstrip(),
    "rules/rules.cases.yaml": CASES,
    "rules/invariants.yaml": INVARIANTS,
    "examples/good.yaml": GOOD,
}


def at(value: str) -> str:
    """The criteria with another tax floor, as the misreading of a document that it then is."""
    old, said = "value: 20}", f"correction: 原文为 {value}，此前误录为 20, value: {value}}}"
    return FILES["criteria.yaml"].replace(old, said)


def write_rulebook(directory: Path, **over: str) -> Path:
    """The small rulebook as a directory; ``over`` replaces files by their stem."""
    for name, text in FILES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(over.get(path.stem, text).encode())
    return directory


def dossier(**values: Any) -> dict[str, Any]:
    """A dossier that passes the small rulebook, with some values replaced; None leaves one out."""
    base: dict[str, Any] = {
        "project_id": "T1",
        "project_name": "测试项目",
        "submitted_on": "2024-06-03",
        "industry_code": "C3985",
        "annual_tax": 2000,
        "land_area": 100,
        "two_high": False,
    }
    return {k: v for k, v in {**base, **values}.items() if v is not None}


class Bench:
    """The service on the small rulebook, without its worker: ``work`` does what is queued."""

    def __init__(self, service: Service, directory: Path) -> None:
        self.service = service
        self.directory = directory
        for role in ("maintainer:other", "publisher:other", "maintainer:both"):
            self._add(role)

    def _add(self, role: str) -> None:
        from api.store import accounts, apikeys
        from api.store.work import SYSTEM, Actor

        name = role.replace(":", "-")
        roles = ["maintainer", "publisher"] if role.endswith("both") else [role.partition(":")[0]]
        with self.service.store.work(SYSTEM) as work:
            view, _ = accounts.create_account(work, name, name, roles, f"password of {name}")
        actor = Actor(view.id, view.name, view.display_name, frozenset(view.roles))
        with self.service.store.work(actor) as work:
            _, self.service.keys[role] = apikeys.create_key(work, "tests", None, False, None)
        self.service.actors[role] = actor

    def call(self, role: str | None, method: str, path: str, **more: Any) -> Any:
        """One request that succeeds; its JSON."""
        answer = self.service.call(role, method, path, **more)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def refused(self, status: int, role: str | None, method: str, path: str, **more: Any) -> str:
        """One request that is refused; what it says."""
        answer = self.service.call(role, method, path, **more)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        return str(answer.json()["detail"]) + str(answer.json().get("errors", ""))

    def work(self) -> None:
        """Do every run that waits, as the worker does."""
        db = self.service.store.db
        while (run := runs.claim(db)) is not None:
            runs.execute(db, run)

    def draft(self, role: str = "maintainer", **files: str | None) -> int:
        """A proposal with some files changed; not yet run."""
        given = {"title": "改", "reason": "因为"}
        made = self.call(role, "POST", "/proposals", json=given)
        if files:
            self.edit(made["id"], role, **files)
        return int(made["id"])

    def edit(self, proposal: int, role: str = "maintainer", **files: str | None) -> Any:
        """Write files by their short names."""
        names = {Path(n).name.removesuffix(".yaml").replace(".", "_"): n for n in FILES}
        edits = [
            {
                "layer": "@materials" if names[k].startswith("examples") else "base",
                "path": names[k],
                "text": v,
            }
            for k, v in files.items()
        ]
        revision = self.call(role, "GET", f"/proposals/{proposal}")["revision"]
        path = f"/proposals/{proposal}/files"
        return self.call(role, "PUT", path, json={"revision": revision, "edits": edits})

    def text(self, name: str, proposal: int | None = None) -> str:
        """A file of a proposal, or of the directory."""
        if proposal is None:
            return (self.directory / name).read_bytes().decode()
        found = self.call("maintainer", "GET", f"/proposals/{proposal}/files")
        return next(str(f["text"]) for f in found if f["path"] == name)

    def approved(self, role: str = "maintainer", **files: str | None) -> int:
        """A proposal checked, sent to review and approved by the publisher."""
        proposal = self.draft(role, **files)
        self.work()
        self.call(role, "POST", f"/proposals/{proposal}/submission")
        self.approve(proposal)
        return proposal

    def approve(self, proposal: int, who: str = "publisher", comment: str = "") -> Any:
        """Approve it, with the word for past days where it changes some."""
        result = self.call(who, "GET", f"/proposals/{proposal}/checks")["result"]
        past = result["diff"]["retroactive"]
        given = {"comment": comment, "retroactive": "原文一直如此" if past else ""}
        return self.call(who, "POST", f"/proposals/{proposal}/approval", json=given)

    def publish(self, proposal: int, **given: str) -> Any:
        """Publish it."""
        return self.call("publisher", "POST", f"/proposals/{proposal}/publication", json=given)


@contextmanager
def bench(url: str, directory: Path, **over: Any) -> Iterator[Bench]:
    """A bench on a database."""
    service = Service(url, rulebook=write_rulebook(directory), ruleset_check_seconds=0, **over)
    try:
        yield Bench(service, directory)
    finally:
        service.store.close()
