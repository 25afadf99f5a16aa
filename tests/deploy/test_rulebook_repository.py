"""A rulebook in a git repository of its own: the hook, pre-commit and the pipeline, run for real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.api.store.proposals.test_publication import serving
from tests.api.workbench import FILES, write_rulebook
from tests.docs.test_maintainers_guide import key_of

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy" / "rulebook"
BIN = Path(sys.executable).parent
CASES = """\
- {rule: negative.industry, name: 在名单, expect: violated, dossier: {industry_code: C2511}}
- {rule: negative.industry, name: 未填, expect: unknown, dossier: {two_high: false}}
- {rule: positive.tax, name: 未填, expect: unknown, dossier: {land_area: 100}}
- {rule: negative.energy, name: 低于, expect: satisfied, dossier: {two_high: true, product_energy: [{key: 水泥熟料, value: 90, unit: 千克标准煤/吨}]}}
- {rule: negative.energy, name: 恰为, expect: satisfied, boundary: true, dossier: {two_high: true, product_energy: [{key: 水泥熟料, value: 100, unit: 千克标准煤/吨}]}}
- {rule: negative.energy, name: 高于, expect: violated, dossier: {two_high: true, product_energy: [{key: 水泥熟料, value: 110, unit: 千克标准煤/吨}]}}
- {rule: negative.energy, name: 未填, expect: unknown, dossier: {two_high: true}}
"""


class Repository:
    """A scratch repository with the small rulebook in ``where``, every case in it."""

    def __init__(self, root: Path, where: str = ".") -> None:
        self.root, self.rulebook = root, root / where
        cases = FILES["rules/rules.cases.yaml"] + CASES
        write_rulebook(self.rulebook, **{"rules.cases": cases})
        self.env = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(root.parent),
            "GIT_AUTHOR_NAME": "t",
            "GIT_AUTHOR_EMAIL": "t@example.org",
            "GIT_COMMITTER_NAME": "t",
            "GIT_COMMITTER_EMAIL": "t@example.org",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        self.done("git", "init", "-q", "-b", "main")

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=self.root, env=self.env | env, capture_output=True, text=True, timeout=600
        )

    def done(self, *words: str, **env: str) -> str:
        found = self.run(*words, **env)
        assert found.returncode == 0, found.stdout + found.stderr
        return found.stdout + found.stderr

    def refused(self, *words: str) -> str:
        found = self.run(*words)
        assert found.returncode != 0, found.stdout + found.stderr
        return found.stdout + found.stderr

    def change(self, name: str, old: str, new: str) -> None:
        path = self.rulebook / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")


def hooked(repo: Repository) -> None:
    hook = repo.root / ".git" / "hooks" / "pre-commit"
    hook.write_bytes((DEPLOY / "pre-commit").read_bytes())
    hook.chmod(0o755)


@pytest.mark.parametrize("where", [".", "本市/规则 集"])
def test_the_hook_looks_at_what_is_committed(tmp_path: Path, where: str) -> None:
    repo = Repository(tmp_path / "仓 库", where)
    hooked(repo)
    if where != ".":
        repo.done("git", "config", "admission.rulebook", where)
    repo.done("git", "add", "-A")
    repo.done("git", "commit", "-q", "-m", "规则集")
    repo.change("criteria.yaml", "kind: floor", "kind: flor")
    repo.done("git", "add", "-A")
    repo.change("criteria.yaml", "kind: flor", "kind: floor")  # Mended, but not added.
    said = repo.refused("git", "commit", "-q", "-m", "写错")
    assert "criteria.yaml:" in said
    assert "flor" in said
    repo.done("git", "commit", "-q", "--allow-empty", "-a", "-m", "改回来了")


def test_the_hook_runs_the_cases(tmp_path: Path) -> None:
    """Also of a commit of named files only, for which git makes an index of its own."""
    repo = Repository(tmp_path / "repo")
    hooked(repo)
    repo.done("git", "add", "-A")
    repo.done("git", "commit", "-q", "-m", "规则集")
    repo.change("criteria.yaml", "verified: true, value: 20}", "verified: true, value: 18}")
    for words in (["-a"], ["--", "criteria.yaml"]):
        said = repo.refused("git", "commit", "-q", "-m", "只改数", *words)
        assert "不到" in said
        assert "C110" in said
    repo.change("rules/rules.cases.yaml", "annual_tax: 1999,", "annual_tax: 1799,")
    repo.change("rules/rules.cases.yaml", "annual_tax: 2000,", "annual_tax: 1800,")
    repo.done("git", "commit", "-q", "-a", "-m", "改数和案例")


def test_pre_commit_runs_the_same(tmp_path: Path) -> None:
    repo = Repository(tmp_path / "repo")
    config = (DEPLOY / "pre-commit-config.yaml").read_bytes()
    (repo.root / ".pre-commit-config.yaml").write_bytes(config)
    repo.done(str(BIN / "pre-commit"), "install")
    repo.done("git", "add", "-A")
    first = repo.done("git", "commit", "-m", "规则集")
    assert "规则集检查" in first
    assert "规则集案例" in first
    repo.change("criteria.yaml", "verified: true, value: 20}", "verified: true, value: 18}")
    repo.done("git", "add", "-A")
    repo.change("criteria.yaml", "verified: true, value: 18}", "verified: true, value: 20}")
    assert "C110" in repo.refused("git", "commit", "-m", "只改数")
    (repo.root / "说明.md").write_text("说明", "utf-8")
    repo.done("git", "reset", "-q")
    repo.done("git", "add", "说明.md")
    assert "Skipped" in repo.done("git", "commit", "-m", "不碰规则集的不查")


def test_the_pipeline(tmp_path: Path) -> None:
    """Its commands as the runner gives them to a shell: checked, and handed to a real service."""
    jobs = yaml.safe_load((DEPLOY / "gitlab-ci.yml").read_text("utf-8"))
    assert jobs["publish"]["needs"] == ["check"]
    assert jobs["publish"]["rules"] == [{"if": '$CI_COMMIT_BRANCH == "main"'}]
    repo = Repository(tmp_path / "repo")
    url = f"sqlite:///{tmp_path}/admission.db"
    with serving(repo.rulebook, url) as (address, store):
        env = {
            "ADMISSION_SERVER": address,
            "ADMISSION_KEY": key_of(store, url, "clerk", "maintainer"),
            "CI_COMMIT_TITLE": "下限 20 改为 18",
            "CI_COMMIT_MESSAGE": "下限 20 改为 18\n\n见会议纪要",
        }

        def job(name: str) -> subprocess.CompletedProcess[str]:
            script = "\n".join(["set -eu", *jobs[name]["script"]])
            return repo.run("sh", "-c", script, **env)

        assert job("check").returncode == 0, job("check").stdout + job("check").stderr
        nothing = job("publish")
        assert nothing.returncode == 0, nothing.stdout + nothing.stderr
        assert "提案" not in nothing.stdout
        said = "verified: true, correction: 原文为 18, value: 18}"
        repo.change("criteria.yaml", "verified: true, value: 20}", said)
        failed = job("check")
        assert failed.returncode != 0
        assert "C110" in failed.stdout
        repo.change("rules/rules.cases.yaml", "annual_tax: 1999,", "annual_tax: 1799,")
        repo.change("rules/rules.cases.yaml", "annual_tax: 2000,", "annual_tax: 1800,")
        assert job("check").returncode == 0
        handed = job("publish")
        assert handed.returncode == 0, handed.stdout + handed.stderr
        assert "提案 1 已送审" in handed.stdout
        assert "20 万元/亩/年 → 18 万元/亩/年" in handed.stdout
