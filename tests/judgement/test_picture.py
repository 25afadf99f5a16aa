"""The picture of what a verdict rests on: it has every part, and marks what is not settled."""

from __future__ import annotations

import datetime as dt
import re
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evaluator.dossier.files import read_dossiers
from evaluator.judgement.drawing import BOX, draw
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.explain import told
from evaluator.judgement.picture import Picture, picture_of, telling
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.reads import fields_of
from evaluator.rulebook.verdict import Status
from tests.support import METRICS, ROOT, good, judge, profile, ruleset_of

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module", params=["", "profiles/shijiazhuang", "profiles/shouxian"])
def book(request: pytest.FixtureRequest) -> Ruleset:
    return load_directory(ROOT / request.param)


def names(picture: Picture, kind: str) -> set[str]:
    return {part.name for part in picture.of_kind(kind)}


def ancestors(picture: Picture) -> dict[tuple[str, str], int]:
    """The column of each part."""
    return {p.key: at for at, column in enumerate(picture.columns) for p in column}


def test_a_rule_is_shown_with_every_field_that_it_reads(book: Ruleset) -> None:
    for rule in book.rules.values():
        picture = picture_of(book, [rule.id])
        assert names(picture, "field") == fields_of(rule, book), rule.id
        assert names(picture, "rule") == {rule.id}
    whole = picture_of(book, book.rules)
    assert names(whole, "rule") == set(book.rules)
    assert names(whole, "card") == set(book.scorecards)
    column = ancestors(whole)
    for key, under in whole.rests.items():
        assert all(column[source] < column[key] for source in under), key


def test_a_rule_rests_on_its_metric_and_that_on_fields() -> None:
    ruleset = ruleset_of()
    picture = picture_of(ruleset, ["positive.tax"])
    assert [p.name for p in picture.of_kind("metric")] == ["land_tax"]
    assert [p.title for p in picture.under(("metric", "land_tax"))] == ["达产年税收", "用地面积"]
    rule = ruleset.rules["positive.tax"]
    assert picture.under(("rule", rule.id))[0].key == ("metric", "land_tax")
    assert not any(part.open for part in picture.parts.values())


def opened(picture: Picture) -> set[tuple[str, str]]:
    return {part.key for part in picture.parts.values() if part.open}


def test_what_the_dossier_leaves_open_is_marked_and_nothing_else() -> None:
    ruleset = ruleset_of()
    rules = ["positive.tax"]
    whole = judge(ruleset, **good())
    assert opened(picture_of(ruleset, rules, whole)) <= {("verdict", "")}
    lacking = judge(ruleset, **good(annual_tax=None))
    picture = picture_of(ruleset, rules, lacking)
    assert opened(picture) == {
        ("field", "annual_tax"),
        ("metric", "land_tax"),
        ("rule", "positive.tax"),
        ("verdict", ""),
    }
    parts = picture.parts
    assert parts["field", "annual_tax"].line == "未填"
    assert parts["metric", "land_tax"].line == "还算不出"
    assert parts["rule", "positive.tax"].line == "材料不足"
    assert "没有填的申报 1 项" in picture.summary()
    assert "positive.tax" in telling(lacking)
    assert "positive.tax" not in telling(whole)


def test_after_a_reject_nothing_is_left_to_settle() -> None:
    ruleset = ruleset_of()
    evaluation = judge(ruleset, **good(industry_code="C25", annual_tax=None))
    verdict = picture_of(ruleset, ruleset.rules, evaluation).parts["verdict", ""]
    assert verdict.state == "reject"
    assert not verdict.open


@pytest.fixture(scope="module")
def example() -> Evaluation:
    ruleset = load_directory(ROOT)
    (dossier,) = read_dossiers(ROOT / "examples" / "r36-acid-mist-purifier.yaml", ruleset.registry)
    return Evaluator(ruleset, "reference").evaluate(dossier)


def test_states_are_those_of_the_evaluation(example: Evaluation) -> None:
    picture = picture_of(example.ruleset, told(example), example)
    for part in picture.of_kind("rule"):
        status = example.statuses[part.name]
        assert part.state == status.value
        assert part.open == (status in (Status.UNKNOWN, Status.NOT_DUE))
    for part in picture.of_kind("field"):
        assert part.open == (part.name not in example.profile.values)


def test_a_card_tells_the_points_that_are_still_possible() -> None:
    ruleset = load_directory(ROOT / "profiles" / "shijiazhuang")
    evaluation = Evaluator(ruleset, "reference").evaluate(
        profile(land_area=10, submitted_on="2026-01-01"), dt.date(2026, 1, 1)
    )
    (card,) = picture_of(ruleset, told(evaluation), evaluation).of_kind("card")
    assert re.fullmatch(r"[\d.]+ 至 [\d.]+ 分", card.line)
    assert card.open


def boxes(svg: str) -> list[tuple[float, float]]:
    root = ElementTree.fromstring(svg)
    return [(float(r.attrib["x"]), float(r.attrib["y"])) for r in root.iter(f"{SVG}rect")]


def test_the_drawing_says_what_it_is_and_no_box_lies_on_another(example: Evaluation) -> None:
    picture = picture_of(example.ruleset, example.statuses, example)
    svg = draw(picture, "结论 <靠> 什么", "p1")
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    said = {e.attrib["id"]: e.text for e in root if e.tag in (f"{SVG}title", f"{SVG}desc")}
    assert root.attrib["aria-labelledby"].split() == list(said)
    assert list(said.values()) == ["结论 <靠> 什么", picture.summary()]
    places = boxes(svg)
    assert len(places) == len(picture.parts)
    width, height = (float(root.attrib[k]) for k in ("width", "height"))
    assert all(0 <= x <= width - BOX[0] and 0 <= y <= height - BOX[1] for x, y in places)
    for (x, y), (to_x, to_y) in combinations(places, 2):
        assert abs(x - to_x) >= BOX[0] or abs(y - to_y) >= BOX[1]
    assert len(list(root.iter(f"{SVG}path"))) == sum(map(len, picture.rests.values()))
    # Nothing that a page's policy would refuse.
    assert "style" not in svg
    assert "<style>" in draw(picture, "x", style=True)


def test_titles_are_text() -> None:
    ruleset = ruleset_of(metrics=METRICS.replace("title: 亩均税收", "title: 亩均<b>税收"))
    svg = draw(picture_of(ruleset, ruleset.rules), "<script>")
    assert "<script>" not in svg
    assert "亩均<b>税收" in {e.text for e in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_the_picture_in_the_documents_is_the_one_that_is_drawn_now() -> None:
    ruleset = load_directory(ROOT)
    id_ = "positive.investment_intensity"
    picture = picture_of(ruleset, [id_])
    drawn = draw(picture, f"{ruleset.rules[id_].title}：靠哪些数", style=True)
    assert Path(ROOT / "docs/pictures/investment_intensity.svg").read_text("utf-8") == f"{drawn}\n"
