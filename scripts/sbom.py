"""What the service is made of, as a CycloneDX 1.5 bill of materials; ``make sbom``.

``python -m scripts.sbom [-o FILE]`` takes the Python packages of ``uv.lock`` (all extras, nothing that only
developers use) by uv's own export, and adds the npm packages of ``web/package-lock.json`` that are
bundled into the pages. Two runs on one tree write the same bytes: the time is the last commit's, and the
serial number is made of the content.
"""

from __future__ import annotations

import argparse
import base64
import datetime as dt
import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scripts.wheels import ROOT

UV = ROOT / ".tools" / "bin" / "uv"
NPM_LOCK = ROOT / "web" / "package-lock.json"
WITHIN = "node_modules/"


def python_part() -> dict[str, Any]:
    """The bill of the Python packages, by uv."""
    asked = [UV, "export", "--frozen", "--quiet", "--preview", "--no-dev", "--all-extras"]
    done = subprocess.run(
        [*asked, "--format", "cyclonedx1.5"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def npm_part(lock: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A component for each npm package that is in the pages."""
    for place, package in sorted(lock["packages"].items()):
        if not place or package.get("dev") or package.get("optional"):
            continue
        name = place.rpartition(WITHIN)[2]
        algorithm, _, digest = package["integrity"].partition("-")
        purl = f"pkg:npm/{quote(name, safe='/')}@{package['version']}"
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": name,
            "version": package["version"],
            "purl": purl,
            "hashes": [
                {
                    "alg": algorithm.upper().replace("SHA", "SHA-"),
                    "content": base64.b64decode(digest).hex(),
                }
            ],
            **({"licenses": [{"expression": package["license"]}]} if "license" in package else {}),
        }


def _when() -> str:
    """The time of the last commit, or what ``SOURCE_DATE_EPOCH`` says (reproducible-builds.org)."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if seconds is None:
        asked = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        done = subprocess.run(asked, check=False, capture_output=True, text=True)
        seconds = done.stdout.strip() or "0"
    return dt.datetime.fromtimestamp(int(seconds), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def bill() -> dict[str, Any]:
    """The whole bill."""
    made = python_part()
    made["components"] += npm_part(json.loads(NPM_LOCK.read_text("utf-8")))
    made["metadata"]["timestamp"] = _when()
    made["metadata"]["component"]["type"] = "application"
    made.pop("serialNumber", None)
    content = json.dumps(made, sort_keys=True, ensure_ascii=False)
    made["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, content)}"
    return made


def write(path: Path) -> int:
    """Write the bill to ``path``; how many components it names."""
    made = bill()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made, sort_keys=True, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(made["components"])


def main() -> int:
    """Parse the command line and write the bill."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path, default=ROOT / "dist" / "sbom.cdx.json")
    asked = parser.parse_args()
    print(f"{asked.out}: {write(asked.out)} components")
    return 0


if __name__ == "__main__":
    sys.exit(main())
