"""The radar draws what is unknown as unknown."""

from __future__ import annotations

from fractions import Fraction

import pytest

from api.judging.judge import Judge
from api.pages.assess.cases import trial
from tests.api.support import example, shipped


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(shipped(), "reference")


@pytest.mark.parametrize("stem", ["r01", "r14", "d01", "r36"])
def test_an_axis_with_something_open_has_no_value(judge: Judge, stem: str) -> None:
    case = trial(judge, judge.read(example(stem)), None)
    assert case.view.axes
    for axis in case.view.axes:
        if axis.unknown and not axis.breached:
            assert (axis.ratio, axis.lowest) == (None, "")
        if axis.ratio is None:
            assert axis.unknown or not (axis.met or axis.breached)
        if axis.breached:
            assert axis.ratio is not None
            assert axis.ratio < Fraction(1)
    open_ = [a for a in case.view.axes if a.ratio is None]
    assert bool(case.radar.area) is not bool(open_)
    assert len([s for s in case.radar.spokes if s.at is None]) == len(open_)
