"""Which cases of the layers below a profile still speak of it, and where their dossiers are.

A case says what its own layer's rules give. Where a profile replaces a rule, or a criterion
that the rule is judged by, the case below speaks of the rule as it was and is left out; the
profile's own cases then have to cover the rule. A whole dossier meets every rule, so its case
counts only in the layer that nothing above changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from evaluator.problems.source import Place
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.files import layer_paths, shown_name
from evaluator.rulebook.reads import criteria_of


class CaseLayers:
    """The layers of a ruleset as its cases see them.

    ``root`` is the rulebook's directory, or the directory of each layer by name.
    """

    def __init__(self, ruleset: Ruleset, root: Path | Mapping[str, Path] | None = None) -> None:
        self._ruleset = ruleset
        self._order = {name: number for number, (name, _) in enumerate(ruleset.layers)}
        self._files = {
            shown_name(layer, file): layer for layer, files in ruleset.layers for file in files
        }
        self._last = {
            rule.id: max(map(self._number, _made_of(rule, ruleset)))
            for rule in ruleset.rules.values()
        }
        dropping = (self._order[layer] for layer in ruleset.dropped.values())
        self._whole = max((*self._last.values(), *dropping), default=0)
        self._paths = _paths(ruleset, root)

    def _number(self, place: Place) -> int:
        return self._order[self._files[place.source.name]]

    def stands(self, layer: str, rule: str | None) -> bool:
        """Whether a case of ``layer`` holds for the whole ruleset; None is a whole dossier."""
        changed = self._whole if rule is None else self._last[rule]
        return self._order[layer] >= changed

    def changed_in(self, rule: str) -> str | None:
        """The layer above the lowest that last changed the rule or what it is judged by."""
        return tuple(self._order)[self._last[rule]] if self._last[rule] else None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Those that the top layer's own cases have to cover: what it changes, or all of one layer."""
        top = len(self._order) - 1
        return tuple(r for r in self._ruleset.rules.values() if self._last[r.id] == top)

    @property
    def cards(self) -> tuple[Scorecard, ...]:
        """The scorecards that the top layer changes, or what they are judged by."""
        top = len(self._order) - 1
        return tuple(
            card
            for card in self._ruleset.scorecards.values()
            if max((self._number(card.place), *(self._last.get(i, 0) for i in card.rule_ids)))
            == top
        )

    @property
    def criteria(self) -> frozenset[str]:
        """The ids of those that the top layer gives."""
        top = len(self._order) - 1
        criteria = self._ruleset.criteria.values()
        return frozenset(c.id for c in criteria if self._number(c.place) == top)

    def find(self, layer: str, name: str) -> Path | None:
        """The dossier file that a case of ``layer`` names: there, or in the nearest layer below."""
        for below in reversed(tuple(self._order)[: self._order[layer] + 1]):
            path = self._paths[below] / name if below in self._paths else None
            if path is not None and path.is_file():
                return path
        return None


def _paths(ruleset: Ruleset, root: Path | Mapping[str, Path] | None) -> Mapping[str, Path]:
    if root is None:
        return {}
    if isinstance(root, Mapping):
        return root
    if len(ruleset.layers) == 1:
        return {ruleset.layers[0][0]: root}
    return layer_paths(root)


def _made_of(rule: Rule, ruleset: Ruleset) -> Iterator[Place]:
    """Where the rule and the criteria that it is judged by are written; metrics are not replaced."""
    yield rule.place
    yield from (criterion.place for criterion in criteria_of(rule, ruleset).values())
