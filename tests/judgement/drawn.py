"""A ruleset, a dossier and a day, drawn at random."""

from __future__ import annotations

import datetime as dt

from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile
from evaluator.rulebook.ast import Ruleset
from tests.strategies import as_of_dates, dossiers, rulesets


@st.composite
def judged(draw: st.DrawFn) -> tuple[Ruleset, Profile, dt.date]:
    ruleset = draw(rulesets())
    return ruleset, draw(dossiers(ruleset)), draw(as_of_dates())
