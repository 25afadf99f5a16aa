"""Keep what this version decides, so that tests of later versions hold theirs against it.

``python -m scripts.archive`` writes ``tests/archive/<version>.json.gz``: the shipped rulebook with
its field file, and many dossiers, each with the judgement (``evaluator.judgement.result.judgement``) and the
digest of the whole canonical result. Run it once for each release, before the version is raised, and
``python -m scripts.archive --ruleset`` before the shipped rulebook changes between two releases:
that file is named by the version and the ruleset, ``<version>+<identity>.json.gz``.
"""

from __future__ import annotations

import argparse
import gzip
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from evaluator.dossier.dossier import make_profile
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.result import digest, judgement, result
from evaluator.problems.errors import DossierError
from evaluator.rulebook.load import load_directory

ROOT = Path(__file__).resolve().parent.parent
COMPLETE = "d01-complete-good.yaml"


def main() -> None:
    """Write the archive of this version, or of the rulebook as it is now."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--ruleset", action="store_true", help="name it by the ruleset too")
    by_ruleset = options.parse_args().ruleset
    ruleset = load_directory(ROOT)
    evaluator = Evaluator(ruleset, "reference")
    read = {p.name: read_dossiers(p, ruleset.registry) for p in examples()}
    profiles = [profile for found in read.values() for profile in found]
    complete = read[COMPLETE][0].to_dict(ruleset.registry)
    for changed in cases():
        try:
            profiles.append(make_profile(ruleset.registry, **{**complete, **changed}))
        except DossierError:
            continue  # Some cases leave out what a whole dossier must have.
    decisions = []
    for profile in profiles:
        data = json.loads(json.dumps(result(evaluator.evaluate(profile))))
        decisions.append(
            {
                "dossier": profile.to_dict(ruleset.registry),
                "judgement": judgement(data),
                "digest": digest(data),
            }
        )
    kept = {
        "software": version("project-admission"),
        "ruleset": ruleset.identity,
        "fields": ruleset.fields_text,
        "layers": [[name, dict(files)] for name, files in ruleset.layers],
        "decisions": decisions,
    }
    name = f"{kept['software']}+{ruleset.identity[:8]}" if by_ruleset else kept["software"]
    out = ROOT / "tests" / "archive" / f"{name}.json.gz"
    out.parent.mkdir(exist_ok=True)
    text = json.dumps(kept, ensure_ascii=False, sort_keys=True)
    out.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{out.relative_to(ROOT)}: {len(decisions)} decisions, {out.stat().st_size} bytes")


def examples() -> list[Path]:
    """The shipped examples."""
    return sorted((ROOT / "examples").glob("*.yaml"))


def cases() -> list[dict[str, Any]]:
    """What the rule cases change in a dossier; those written as tables are left out."""
    found: list[dict[str, Any]] = []
    for path in sorted((ROOT / "rules").rglob("*.cases.yaml")):
        for item in yaml.safe_load(path.read_text("utf-8")):
            if "rule" in item and isinstance(item.get("dossier"), dict):
                found.append(item["dossier"])
    return found


if __name__ == "__main__":
    main()
