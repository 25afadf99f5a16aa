"""From texts to a ruleset: layering profiles, and the ruleset's identity.

A profile directory may ``extend`` another: its criteria and rules then replace those of the same
id, the rest is kept. What was read is kept as text, the layers and the field file that this version
ships, so that a stored ruleset loads again to the same identity under a later version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from evaluator.dossier.fields import Registry, base_registry, base_text, parse_registry
from evaluator.problems.errors import Problems, RulebookError
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.reader import Reader, plain
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_kept
from evaluator.rulebook import ast
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.criteria import Criterion
from evaluator.rulebook.files import Layers, is_case_file, is_copy, read_directory, shown_name
from evaluator.rulebook.grammar.accepted import parse_accepted
from evaluator.rulebook.grammar.cards import parse_card
from evaluator.rulebook.grammar.conditions import parse_condition
from evaluator.rulebook.grammar.criteria_file import parse_criteria, parse_sources
from evaluator.rulebook.grammar.graded import rules_of
from evaluator.rulebook.grammar.groups import drop, unfolded
from evaluator.rulebook.grammar.names import Names
from evaluator.rulebook.grammar.parse import (
    parse_dimensions,
    parse_labels,
    parse_metrics,
    parse_rule,
)
from evaluator.rulebook.grammar.routes import ROUTES_FILE, parse_routes
from evaluator.rulebook.grammar.stages import STAGES_FILE, parse_stages
from evaluator.rulebook.grammar.tighten import check_tightened
from evaluator.rulebook.stage import STANDARD, Stage
from evaluator.values.numbers import exact_text

LANGUAGE = 1
CARDS = "rules/scorecards/"
Documents = list[tuple[str, dict[str, Node]]]
# A file with one of these was not read at all.
UNREADABLE = frozenset({"E101", "E105", "E107", "E108", "E109"})


def load_directory(directory: Path) -> ast.Ruleset:
    """Read and check a rulebook directory. Raises RulebookError with every problem found."""
    return load_layers(read_directory(directory))


def load_layers(layers: Layers, fields_text: str | None = None) -> ast.Ruleset:
    """Read and check a rulebook given as text. Raises RulebookError with every problem found.

    ``fields_text`` is the field file it was written for (``Ruleset.fields_text``), where that is
    not the one this version ships: a stored ruleset is read with its own.
    """
    return _loaded(tuple((name, tuple(files.items())) for name, files in layers), fields_text)


@lru_cache(maxsize=4)
def _loaded(
    layers: tuple[tuple[str, tuple[tuple[str, str], ...]], ...], fields_text: str | None
) -> ast.Ruleset:
    # A service reads the same texts twice when it starts: in its directory and as they are stored.
    given = tuple((name, MappingProxyType(dict(files))) for name, files in layers)
    ruleset, problems = try_layers(given, fields_text)
    if ruleset is None or problems.wrong():
        raise RulebookError(problems)
    return ruleset


def try_layers(
    layers: Layers, fields_text: str | None = None
) -> tuple[ast.Ruleset | None, Problems]:
    """What could be read of a rulebook given as text, with every problem found.

    Where there are errors the ruleset lacks whatever was wrong; it serves checks and editors, and
    must not judge.
    """
    problems = Problems()
    ruleset = _Loader(layers, problems, base_text() if fields_text is None else fields_text).load()
    return ruleset, problems


def case_files(ruleset: ast.Ruleset) -> dict[str, str]:
    """The texts of the case files, by name, of all layers."""
    return {
        shown_name(layer, name): text
        for layer, files in ruleset.layers
        for name, text in files.items()
        if is_case_file(name)
    }


class _Loader:
    def __init__(self, layers: Layers, problems: Problems, fields_text: str) -> None:
        self.layers = layers
        self.fields_text = fields_text
        self.problems = problems
        self.raw: dict[str, dict[str, object]] = {}
        self.national: dict[str, list[Criterion]] = {}
        self.accepted: tuple[ast.Acceptance, ...] = ()
        self.due_written = False
        self.dropped: dict[str, str] = {}  # Ids of rules, and the layer that dropped them.

    def load(self) -> ast.Ruleset | None:
        registry = self._registry()
        names = Names(registry, self.problems, condition=parse_condition)
        title = profile_id = ""
        docs = [(layer, self._documents(layer, files)) for layer, files in self.layers]
        if any(p.code in UNREADABLE for p in self.problems):
            # What else is said would only be about names that the unread file holds.
            return None
        if not all(self._has_criteria(layer, files) for layer, files in docs):
            return None
        for _, files in docs:
            profile_id, title = self._criteria(files, names)
        metric_nodes = [n for _, f in docs for k, n in f.items() if _is(k, "metrics.yaml")]
        parse_metrics(metric_nodes, names)
        for node in metric_nodes:
            self._keep("metrics", node)
        stages, routes = self._stages(docs, names), self._routes(docs, names)
        label_nodes = [n for _, f in docs for k, n in f.items() if _is(k, "labels.yaml")]
        dimensions = parse_dimensions(label_nodes, names)
        labels: list[ast.Label] = []
        for layer, files in docs:
            for name, node in files.items():
                if _is(name, "labels.yaml"):
                    self._add_labels(labels, parse_labels(node, names, dimensions))
                    self.raw.setdefault("labels", {})[shown_name(layer, name)] = plain(node)
        cards = self._cards(docs, names, stages or STANDARD)
        names.cards = {card.id: card.title for card in cards.values()}
        rules = self._rules(docs, names, dimensions, stages or STANDARD)
        for card in cards.values():
            rules |= {rule.id: rule for rule in rules_of(card)}
        if not profile_id:
            return None
        return ast.Ruleset(
            identity=self._identity(),
            profile_id=profile_id,
            title=title,
            registry=registry,
            sources=MappingProxyType(names.sources),
            criteria=MappingProxyType(names.criteria),
            metrics=MappingProxyType(names.metrics),
            rules=MappingProxyType(dict(sorted(rules.items()))),
            labels=tuple(labels),
            dimensions=MappingProxyType(dimensions),
            layers=self.layers,
            fields_text=self.fields_text,
            scorecards=MappingProxyType(dict(sorted(cards.items()))),
            accepted=self.accepted,
            stages=stages or STANDARD,
            routes=routes,
            staged=bool(stages) or self.due_written,
            dropped=MappingProxyType(self.dropped),
        )

    def _routes(self, docs: Documents, names: Names) -> tuple[ast.Route, ...]:
        """The routes of the last layer that names any."""
        routes: tuple[ast.Route, ...] = ()
        for node in self._last(docs, names, ROUTES_FILE, "审定层级"):
            routes = parse_routes(node, names)
            self.raw["routes"] = {"list": plain(node)}
        return routes

    def _last(self, docs: Documents, names: Names, file: str, what: str) -> Iterator[Node]:
        """The one file of that name of each layer; the last replaces those below it."""
        for _, files in docs:
            own = [node for name, node in files.items() if _is(name, file)]
            for node in own[1:]:
                names.report("E302", f"{what}写在两个文件里", node.place, f"只保留一个 {file}")
            yield from own[:1]

    def _stages(self, docs: Documents, names: Names) -> tuple[Stage, ...]:
        """The stages of the last layer that names any; none where no layer does."""
        stages: tuple[Stage, ...] = ()
        for node in self._last(docs, names, STAGES_FILE, "环节"):
            stages = parse_stages(node, names)
            self.raw["stages"] = {"list": plain(node)}
        return stages

    def _add_labels(self, labels: list[ast.Label], more: list[ast.Label]) -> None:
        taken = {label.id: label.place for label in labels}
        for label in more:
            if label.id in taken:
                first = (("第一处", taken[label.id]),)
                message = f"标签“{label.id}”重复"
                self.problems.report("E302", message, label.place, "只保留一处", first)
        labels += more

    def _registry(self) -> Registry:
        registry = base_registry(self.fields_text)
        self._keep(
            "fields", read_kept("fields.yaml", self.fields_text, Problems()), "name", "fields"
        )
        for layer, files in self.layers:
            if "fields.yaml" in files:
                name = shown_name(layer, "fields.yaml")
                registry = (
                    parse_registry(name, files["fields.yaml"], self.problems, registry) or registry
                )
                self._keep(
                    "fields", read_kept(name, files["fields.yaml"], Problems()), "name", "fields"
                )
        return registry

    def _documents(self, layer: str, files: Mapping[str, str]) -> dict[str, Node]:
        out: dict[str, Node] = {}
        for name, text in files.items():
            if name == "fields.yaml" or is_case_file(name):
                continue
            if name != "criteria.yaml" and not name.startswith("rules/"):
                place = Place(SourceText(shown_name(layer, name), ""))
                hint = "规则、指标和标签放在 rules/ 下"
                self.problems.report("E703", "此处不该有这个文件", place, hint)
                continue
            node = read_kept(shown_name(layer, name), text, self.problems)
            if node is not None:
                out[name] = node
        return out

    def _has_criteria(self, layer: str, files: Mapping[str, Node]) -> bool:
        node = files.get("criteria.yaml")
        if isinstance(node, YMap):
            return True
        what = "没有 criteria.yaml" if node is None else "criteria.yaml 应是键值表"
        place = node.place if node else Place(SourceText(shown_name(layer, "criteria.yaml"), ""))
        hint = "以 language、profile、criteria 开头"
        self.problems.report("E701", what, place, hint)
        return False

    def _criteria(self, files: Mapping[str, Node], names: Names) -> tuple[str, str]:
        node = files["criteria.yaml"]
        assert isinstance(node, YMap)
        r = Reader(node, self.problems, "criteria.yaml")
        language = r.integer("language", required=True)
        if language not in (None, LANGUAGE):
            place = next(v.place for k, v in node.entries if k.text == "language")
            names.report("E702", f"规则语言版本 {language} 读不了，应为 {LANGUAGE}", place)
        profile = r.mapping("profile", required=True)
        id_, title = "", ""
        if profile:
            p = Reader(profile, self.problems, "profile")
            id_, title = p.text("id", required=True) or "", p.text("title", required=True) or ""
            p.text("extends")
            p.text("note")
            p.finish()
            self.raw["profile"] = {"id": id_, "title": title, "language": LANGUAGE}
        # Not kept for the identity: it says what was looked at, and changes no judgement.
        self.accepted = parse_accepted(r.list_of("accepted"), names)
        parse_sources(r.mapping("sources"), names)
        base = dict(names.criteria)
        criteria = r.mapping("criteria")
        parse_criteria(criteria, names)
        for kind in ("sources", "criteria"):
            table = node.get(kind)
            if isinstance(table, YMap):
                self.raw.setdefault(kind, {}).update({k: plain(v) for k, v in table})
        r.finish()
        for key, _ in criteria.entries if criteria else ():
            criterion = names.criteria.get(key.text)
            if criterion is not None and criterion is not base.get(key.text):
                earlier = self.national.setdefault(key.text, [])
                for national in earlier:
                    check_tightened(national, criterion, names)
                if criterion.tighten_only:
                    earlier.append(criterion)
        return id_, title

    def _rules(
        self,
        docs: Documents,
        names: Names,
        dimensions: dict[str, str],
        stages: tuple[Stage, ...],
    ) -> dict[str, ast.Rule]:
        rules: dict[str, ast.Rule] = {}
        for layer, files in docs:
            own: dict[str, ast.Rule] = {}
            unwanted: tuple[YScalar, ...] = ()
            for name, node in files.items():
                if not name.startswith("rules/") or _is(
                    name, "metrics.yaml", "labels.yaml", "invariants.yaml", STAGES_FILE, ROUTES_FILE
                ):
                    continue
                if name.startswith(CARDS):
                    continue
                if not isinstance(node, YList):
                    names.report("E202", "规则文件应是列表，每条以“- id:”开头", node.place)
                    continue
                node, more = unfolded(node, names)
                unwanted += more
                self._keep("rules", node)
                for item in node.items:
                    self.due_written |= isinstance(item, YMap) and item.get("due") is not None
                    rule = parse_rule(item, names, dimensions, stages)
                    if rule is None:
                        continue
                    if rule.id in own and is_copy(own[rule.id].place.source.name):
                        # "land - 副本.yaml" comes before "land.yaml": the copy is the duplicate.
                        own[rule.id], rule = rule, own[rule.id]
                    if rule.id in own:
                        self.problems.report(
                            "E302",
                            f"规则编号“{rule.id}”重复",
                            rule.place,
                            "只保留一处",
                            (("第一处", own[rule.id].place),),
                        )
                        continue
                    own[rule.id] = rule
            titles = {i: r.title for i, r in rules.items()}
            for id_ in drop(unwanted, titles, frozenset(own), "规则", names):
                del rules[id_]
                self.raw["rules"].pop(id_, None)
                self.dropped[id_] = layer
            rules |= own
        return rules

    def _cards(
        self,
        docs: Documents,
        names: Names,
        stages: tuple[Stage, ...],
    ) -> dict[str, Scorecard]:
        cards: dict[str, Scorecard] = {}
        for layer, files in docs:
            own: dict[str, Scorecard] = {}
            unwanted: tuple[YScalar, ...] = ()
            for name, node in files.items():
                if not name.startswith(CARDS):
                    continue
                if not isinstance(node, YList):
                    names.report("E202", "评分表文件应是列表，每张以“- id:”开头", node.place)
                    continue
                node, more = unfolded(node, names)
                unwanted += more
                self._keep("scorecards", node)
                for item in node.items:
                    self.due_written |= isinstance(item, YMap) and item.get("due") is not None
                    card = parse_card(item, names, stages)
                    if card is None:
                        word = item.get("id") if isinstance(item, YMap) else None
                        names.broken |= {word.text} if isinstance(word, YScalar) else set()
                    elif card.id in own:
                        first = (("第一处", own[card.id].place),)
                        message = f"评分表“{card.id}”重复"
                        names.report("E302", message, card.place, "只保留一处", first)
                    else:
                        own[card.id] = card
            titles = {i: c.title for i, c in cards.items()}
            for id_ in drop(unwanted, titles, frozenset(own), "评分表", names):
                self.dropped |= dict.fromkeys(cards.pop(id_).rule_ids, layer)
                self.raw["scorecards"].pop(id_, None)
            cards |= own
        return cards

    def _keep(
        self, kind: str, node: Node | None, key: str = "id", within: str | None = None
    ) -> None:
        if within and isinstance(node, YMap):
            node = node.get(within)
        for item in node.items if isinstance(node, YList) else ():
            name = item.get(key) if isinstance(item, YMap) else None
            if isinstance(name, YScalar):
                self.raw.setdefault(kind, {})[name.text] = plain(item)

    def _identity(self) -> str:
        text = json.dumps(
            _canonical(self.raw), ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    # A number and its text differ in kind: 20 and 20.0 are one number, "20" is a word.
    return {"n": exact_text(Fraction(value))} if isinstance(value, (int, Decimal)) else str(value)


def _is(path: str, *names: str) -> bool:
    return path.rsplit("/", 1)[-1] in names
