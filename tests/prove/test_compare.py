"""Two rulebooks side by side: no difference is proven."""

from __future__ import annotations

from evaluator.prove import State, compare
from evaluator.rulebook.load import load_layers
from tests.prove.planted import TODAY, base_layers


def test_no_difference_is_proven_and_a_changed_order_is_none() -> None:
    files = base_layers()
    rules = files["rules/rules.yaml"]
    head, *rest = rules.split("- id: ")
    swapped = head + "".join(f"- id: {r}" for r in reversed(rest))
    old = load_layers((("base", files),))
    new = load_layers((("base", {**files, "rules/rules.yaml": swapped}),))
    changes, _ = compare(old, new, TODAY)
    assert [c.answer.state for c in changes] == [State.OK] * 6
    assert all(c.answer.proven for c in changes)
