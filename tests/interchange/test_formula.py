"""What another engine could only approximate is refused."""

from __future__ import annotations

import datetime as dt

import pytest

from evaluator.interchange.dmn import dmn
from evaluator.interchange.formula import ExportError
from evaluator.interchange.jdm import jdm
from tests.support import CRITERIA, ruleset_of


def test_what_cannot_be_exact_is_refused() -> None:
    rounded = ruleset_of(
        criteria=CRITERIA.replace(
            "    kind: floor\n    unit: 万元/亩/年\n",
            "    kind: floor\n    unit: 万元/亩/年\n    compare: {rounded: 2}\n",
        )
    )
    for export in (jdm, dmn):
        with pytest.raises(ExportError, match="修约"):
            export(rounded, dt.date(2024, 6, 3))
