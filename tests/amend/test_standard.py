"""A standard changed by a form: only what changes is written, and what is written is true."""

from __future__ import annotations

import datetime as dt
import difflib
from fractions import Fraction

import pytest

from evaluator.amend.splice import CannotSplice, plain
from evaluator.amend.standard import Amendment, Document, amended
from evaluator.problems.errors import Problems
from evaluator.reading.yaml.scan import YMap, YScalar, read_yaml
from evaluator.revision.retroactive import retroactive
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks.honest import value_falsehoods
from evaluator.rulebook.criteria import Hit, Kind, lookup
from evaluator.rulebook.load import load_directory, load_layers
from tests.support import CRITERIA, ROOT, ruleset_of

START = dt.date(2027, 1, 1)
TODAY = dt.date(2026, 12, 1)
NEW = Document("park_2026", "园区：修订意见", "园〔2026〕3号")


@pytest.fixture(scope="module")
def shipped() -> Ruleset:
    return load_directory(ROOT)


def text_of(ruleset: Ruleset) -> str:
    return dict(ruleset.layers[0][1])["criteria.yaml"]


def change(values: dict[int, Fraction], **more: object) -> Amendment:
    given = {"source": NEW.id, "clause": "第三条", "verified": True, "document": NEW}
    return Amendment(start=START, values=values, **{**given, **more})  # type: ignore[arg-type]


def read(ruleset: Ruleset, text: str) -> Ruleset:
    return load_layers((("base", {**ruleset.layers[0][1], "criteria.yaml": text}),))


NUMBERS = [
    c.id
    for c in load_directory(ROOT).criteria.values()
    if c.kind is not Kind.LIST and not c.periods[-1].gap
]


@pytest.mark.parametrize(
    "ids",
    [
        NUMBERS[::12],
        pytest.param(NUMBERS, marks=pytest.mark.soak),
    ],
    ids=["some", "all"],
)
def test_shipped_standards_can_be_changed_and_only_what_changes_is_written(
    shipped: Ruleset, ids: list[str]
) -> None:
    """All rows raised by a tenth from a later day: every old line stays, but for one `until`."""
    text = text_of(shipped)
    assert len(NUMBERS) > 40
    for criterion in (shipped.criteria[id_] for id_ in ids):
        rows = criterion.periods[-1].rows
        values = {r.number: r.value * Fraction(11, 10) for r in rows}
        new_text = amended(text, criterion, change(values))
        lines = [x for x in difflib.ndiff(text.splitlines(), new_text.splitlines()) if x[0] == "-"]
        assert len(lines) <= 1, lines
        new = read(shipped, new_text)
        after = new.criteria[criterion.id]
        assert [r.value for r in after.periods[-1].rows] == list(values.values())
        assert after.periods[-2].end == dt.date(2026, 12, 31)
        assert list(value_falsehoods(shipped, new)) == []
        assert retroactive(shipped, new, TODAY) == ()
        others = {k: v.periods for k, v in new.criteria.items() if k != criterion.id}
        assert {k: [p.rows and p.rows[0].value for p in v] for k, v in others.items()} == {
            k: [p.rows and p.rows[0].value for p in v.periods]
            for k, v in shipped.criteria.items()
            if k != criterion.id
        }


def test_a_row_that_stays_keeps_what_it_rests_on(shipped: Ruleset) -> None:
    criterion = shipped.criteria["land_tax_floor"]
    new = read(shipped, amended(text_of(shipped), criterion, change({2: Fraction(18)})))
    chemical, default = new.criteria["land_tax_floor"].periods[-1].rows
    assert (chemical.value, chemical.provenance.source.id) == (20, "fuzhou_2024")
    assert not chemical.provenance.verified
    assert (default.value, default.provenance.source.id) == (18, "park_2026")
    assert default.provenance.source.citation(default.provenance.clause) == (
        "《园区：修订意见》（园〔2026〕3号）第三条"
    )
    hit = lookup(new.criteria["land_tax_floor"], {"industry_code": "C3562"}, TODAY, TODAY)
    assert isinstance(hit, Hit)
    assert hit.row.value == 20


def test_a_misreading_is_corrected_where_it_stands(shipped: Ruleset) -> None:
    said = Amendment(TODAY, {2: Fraction(18)}, "", None, True, correction="原文为 18，误录为 20")
    text = amended(text_of(shipped), shipped.criteria["land_tax_floor"], said)
    changed = [
        x for x in difflib.ndiff(text_of(shipped).splitlines(), text.splitlines()) if x[0] in "+-"
    ]
    assert [x.strip() for x in changed] == [
        "-           - {value: 20}",
        "+           - {value: 18, correction: 原文为 18，误录为 20}",
    ]
    new = read(shipped, text)
    assert list(value_falsehoods(shipped, new)) == []
    assert [c.id for c in retroactive(shipped, new, TODAY)] == ["land_tax_floor"]


def test_values_written_in_one_line() -> None:
    """`values: [{…}]`, and a period that had an end of its own keeps it."""
    dated = CRITERIA.replace(
        "[{from: 2020-01-01, source: law, clause: 第三条, verified: true, value: 20}]",
        "[{from: 2020-01-01, until: 2028-12-31, source: law, clause: 第三条, value: 20}, "
        "{from: 2029-01-01, source: law, clause: 第四条, value: 25}]",
    )
    old = ruleset_of(criteria=dated)
    text = amended(dated, old.criteria["tax_floor"], change({1: Fraction(18)}))
    periods = read(old, text).criteria["tax_floor"].periods
    assert [(p.start.year, p.end and p.end.year, p.rows[0].value) for p in periods] == [
        (2020, 2026, 20),
        (2027, 2028, 18),
        (2029, None, 25),
    ]


@pytest.mark.parametrize(
    ("start", "said"),
    [(dt.date(2020, 1, 1), "已有一段"), (dt.date(2019, 1, 1), "没有可以接续的一段")],
)
def test_what_a_form_does_not_change(start: dt.date, said: str) -> None:
    old = ruleset_of()
    given = Amendment(start, {1: Fraction(18)}, "law", "第四条", True)
    with pytest.raises(CannotSplice, match=said):
        amended(CRITERIA, old.criteria["tax_floor"], given)


def test_windows_line_ends_stay() -> None:
    text = CRITERIA.replace("\n", "\r\n")
    old = ruleset_of(criteria=text)
    new = amended(text, old.criteria["intensity_floor"], change({3: Fraction(2900)}))
    assert new.count("\n") == new.count("\r\n") > text.count("\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "第三条",
        "二（二）2",
        "1.10",
        "no",
        "a: b",
        "a #b",
        "- a",
        "{a}",
        '"',
        "'x",
        "2024-01-01",
        "",
        "a,b",
    ],
)
def test_a_text_reads_back_as_itself(text: str) -> None:
    problems = Problems()
    node = read_yaml("x", f"a: {plain(text)}\nb: {{c: {plain(text)}}}\n", problems)
    assert problems == []
    assert isinstance(node, YMap)
    inner = node.get("b")
    assert isinstance(inner, YMap)
    for found in (node.get("a"), inner.get("c")):
        assert isinstance(found, YScalar)
        assert found.value == text
