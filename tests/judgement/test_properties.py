"""What must hold for every ruleset and every dossier, whatever they are."""

from __future__ import annotations

import datetime as dt

from hypothesis import assume, event, given
from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.judgement.evaluate import NO_RULE, Evaluator
from evaluator.judgement.result import canonical_bytes, result
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place, SourceText
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_layers
from evaluator.rulebook.verdict import Verdict
from tests.draws import draws
from tests.judgement.drawn import judged
from tests.strategies import dossiers


def fill(profile: Profile, other: Profile, names: list[str]) -> Profile:
    """``profile`` with what it lacks taken from ``other``; nothing it states is changed.

    A record is one answer: its keys come with it, and adding one to a stated record is a change.
    """
    for name in names:
        value = other.values.get(name)
        if "." not in name and name not in profile.values and value is not None:
            profile = profile.with_value(name, value)
    return profile


@draws(20)
@given(judged(), st.data())
def test_filling_never_undoes_a_reject_and_never_spoils_a_pass(
    case: tuple[Ruleset, Profile, dt.date], data: st.DataObject
) -> None:
    ruleset, profile, day = case
    evaluator = Evaluator(ruleset, "reference")
    before = evaluator.evaluate(profile, day).verdict
    assume(before is not Verdict.REFER)
    other = data.draw(dossiers(ruleset))
    names = data.draw(st.permutations(sorted(other.values)))
    after = evaluator.evaluate(fill(profile, other, names), day)
    event(before.value)
    # A reject is final; and a pass owed nothing to what was missing, so filling it changes nothing,
    # unless the answers show that no rule applies at all, which is a refer of its own.
    assert after.verdict is before or after.cause == NO_RULE


@draws(20)
@given(judged(), st.data())
def test_leaving_out_a_field_never_turns_a_verdict_green(
    case: tuple[Ruleset, Profile, dt.date], data: st.DataObject
) -> None:
    ruleset, profile, day = case
    evaluator = Evaluator(ruleset, "reference")
    before = evaluator.evaluate(profile, day).verdict
    optional = sorted(
        n for n in profile.values if "." not in n and not ruleset.registry.fields[n].required
    )
    assume(optional)
    name = data.draw(st.sampled_from(optional))
    after = evaluator.evaluate(profile.with_value(name, None), day).verdict
    if after is Verdict.PASS:
        assert before is Verdict.PASS
    if after is Verdict.REJECT:
        assert before is Verdict.REJECT


@draws(20)
@given(judged(), st.randoms(use_true_random=False))
def test_order_never_matters(case: tuple[Ruleset, Profile, dt.date], random: object) -> None:
    ruleset, profile, day = case
    values = list(profile.values.items())
    random.shuffle(values)  # type: ignore[attr-defined]
    shuffled = Profile(dict(values))
    layers = []
    for layer, files in ruleset.layers:
        names = list(files)
        random.shuffle(names)  # type: ignore[attr-defined]
        layers.append((layer, {n: files[n] for n in names}))
    again = load_layers(tuple(layers))
    assert again.identity == ruleset.identity
    a = canonical_bytes(result(Evaluator(ruleset, "reference").evaluate(profile, day)))
    b = canonical_bytes(result(Evaluator(again, "reference").evaluate(shuffled, day)))
    assert a == b


@draws(20)
@given(judged())
def test_a_stored_snapshot_is_judged_to_the_same_bytes(
    case: tuple[Ruleset, Profile, dt.date],
) -> None:
    ruleset, profile, day = case
    source = SourceText("snapshot", "")
    snapshot = profile.to_dict(ruleset.registry)
    stored = parse_dossier(snapshot, ruleset.registry, lambda _path: Place(source), Problems())
    assert stored is not None
    assert stored.values == profile.values
    a = canonical_bytes(result(Evaluator(ruleset, "reference").evaluate(profile, day)))
    b = canonical_bytes(
        result(Evaluator(load_layers(ruleset.layers), "reference").evaluate(stored, day))
    )
    assert a == b
