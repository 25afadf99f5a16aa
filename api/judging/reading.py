"""Dossiers out of what somebody sent: small JSON in a thread, files and large bodies in a process.

Nothing here may run on the event loop; ``tests/api/test_event_loop.py`` holds the service to it.
"""

from __future__ import annotations

from typing import Any

from api.judging.workers import Workers
from api.transport.body import XLSX, read_json
from api.transport.problems import ProblemError
from evaluator.dossier.dossier import Profile, read_data
from evaluator.dossier.fields import Registry
from evaluator.dossier.files import read_dossiers

# Bytes of JSON that a thread may read: a dossier with everything filled in has a tenth of it.
SMALL = 65_536
NAME = "申报材料.xlsx"


def untrusted(kind: str, raw: bytes) -> bool:
    """Whether a body must be read in a process of its own."""
    return kind == XLSX or len(raw) > SMALL


def dossier_data(kind: str, raw: bytes, registry: Registry) -> Any:
    """One dossier as JSON data out of a JSON or .xlsx body. Raises ProblemError or DossierError."""
    if kind != XLSX:
        return read_json(raw)
    return only_profile(NAME, raw, registry).to_dict(registry)


def checked_data(kind: str, raw: bytes, registry: Registry) -> Any:
    """The same where it is a dossier without a mistake, and therefore small."""
    data = dossier_data(kind, raw, registry)
    read_data(data, registry, "请求体")
    return data


def only_profile(name: str, raw: bytes, registry: Registry) -> Profile:
    """The one dossier of a workbook. Raises ProblemError or DossierError."""
    profiles = read_dossiers((name, raw), registry)
    if len(profiles) != 1:
        raise ProblemError(422, f"一次提交一份申报材料，表中有 {len(profiles)} 份，请分成几个文件")
    return profiles[0]


def read_body(workers: Workers, source: str, kind: str, raw: bytes, registry: Registry) -> Any:
    """One dossier as JSON data, read where its body has to be read; for code in a thread."""
    if untrusted(kind, raw):
        return workers.call(source, checked_data, kind, raw, registry)
    return dossier_data(kind, raw, registry)
