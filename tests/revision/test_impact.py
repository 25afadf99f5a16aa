"""Impact: the columnar engine and the reference give the same, and the rules that move are named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from evaluator.dossier.files import read_dossiers
from evaluator.revision.changed import changed_rules
from evaluator.revision.impact import impact_file, impact_rows
from evaluator.revision.tally import Row
from evaluator.revision.told import Where, render
from evaluator.rulebook.load import load_directory, load_layers
from evaluator.rulebook.verdict import Change
from tests.revision.changes import CHANGES, ROOT, ROWS, changed
from tests.support import RULES, good, profile, ruleset_of


@pytest.mark.parametrize("name", list(CHANGES))
def test_both_engines_agree(name: str) -> None:
    old, new = ruleset_of(), changed(*CHANGES[name])
    slow = impact_rows(old, new, ROWS, "reference")
    fast = impact_rows(old, new, ROWS, "columnar")
    assert (slow.engine, fast.engine) == ("reference", "columnar")
    assert fast.total == slow.total == len(ROWS)
    assert fast.unread == slow.unread == 0
    assert fast.matrix == slow.matrix
    # Projects, findings, points, sums, and every way to count them.
    assert fast == replace(slow, engine=fast.engine, note=fast.note)
    assert sum(slow.matrix.values()) == len(ROWS)
    assert bool(slow.moved) == (name not in ("nothing", "a rule renamed"))


def test_the_rules_that_moved_are_named() -> None:
    old, new = ruleset_of(), changed(("value: 20}", "value: 15}"))
    assert changed_rules(old, new) == {"positive.tax"}
    found = impact_rows(old, new, ROWS, "reference")
    assert {m.rules for m in found.moved} == {("positive.tax",)}
    assert set(found.departments) == {"tax"}
    text = render(found, new)
    assert "positive.tax" in text
    assert "税务" in text
    title = new.rules["positive.tax"].title
    assert f"引起结论变化的规则：positive.tax（{title}）" in text
    assert f"，positive.tax（{title}）新符合" in text


def test_findings_that_change_under_the_same_verdict_are_told() -> None:
    """A floor raised tenfold: most were referred already, and the verdict alone says nothing."""
    old, new = ruleset_of(), changed(("value: 20}", "value: 200}"))
    found = impact_rows(old, new, ROWS, "reference")
    assert len(found.touched) > len(found.moved)
    rules = found.findings["positive.tax"]
    assert rules["violated"] == len(found.touched)
    same = [t for t in found.touched if not t.moved]
    assert {t.findings for t in same} == {(("positive.tax", Change.VIOLATED),)}
    assert {t.departments for t in same} == {("tax",)}
    assert found.by_department["tax"] == {
        "touched": len(found.touched),
        "violated": rules["violated"],
    }
    assert sum(n["touched"] for n in found.by_industry.values()) == len(found.touched)
    stays = found.flows["refer", "refer"]
    assert stays.count == sum(t.old == t.new == "refer" for t in found.touched)
    stated = [t.amounts[1] for t in same if t.new == "refer" and t.amounts[1] is not None]
    assert stays.amounts[1] == (sum(stated), len(stated))
    text = render(found, new)
    assert f"规则 positive.tax（{new.rules['positive.tax'].title}）：新不符合" in text
    assert "仍为" in text
    data = found.to_dict(each=2)
    assert data["touched_total"] == len(found.touched) > len(data["touched"])
    where = Where(rule="positive.tax", change="violated", industry="C39")
    opened = [t for t in found.to_dict()["touched"] if where.holds(t)]
    assert len(opened) == found.by_industry["C39"]["violated"]
    assert not any(Where(rule="negative.industry").holds(t) for t in data["touched"])


def test_a_rule_that_is_no_more_has_its_title() -> None:
    old = ruleset_of()
    found = impact_rows(old, old, ROWS, "reference")
    gone = replace(found, rules={"positive.tax": 1})
    empty = replace(old, rules={})
    assert "positive.tax 1 份" in render(gone, empty)
    assert f"positive.tax（{old.rules['positive.tax'].title}） 1 份" in render(gone, empty, old=old)


def test_what_is_only_written_otherwise_is_no_change() -> None:
    rules = RULES.replace(
        "message: 亩均税收 {value}，低于 {required}", "message: 税收低，为 {value}"
    )
    assert changed_rules(ruleset_of(), ruleset_of("# 注释\n" + rules)) == frozenset()
    unit = changed(("unit: 万元/亩/年", "unit: 万元/公顷/年"))
    assert changed_rules(ruleset_of(), unit) == {"positive.tax"}


def test_a_field_that_only_one_ruleset_has() -> None:
    files = dict(ruleset_of().layers[0][1])
    extra = "fields:\n- {name: past_score, label: 历史评分, type: decimal, unit: '1', supplied_by: tax, group: identity}\n"
    new = load_layers((("base", {**files, "fields.yaml": extra}),))
    row = Row("1", json.dumps({**json.loads(ROWS[0].dossier), "past_score": "3"}), None)
    found = impact_rows(ruleset_of(), new, [*ROWS, row], "columnar")
    assert found.engine == "reference"
    assert found.unread == 1
    assert found.total == len(ROWS) + 1


def test_the_shipped_rulebook_over_a_file_of_the_examples(tmp_path: Path) -> None:
    shipped = load_directory(ROOT)
    text = (
        (ROOT / "criteria.yaml")
        .read_text("utf-8")
        .replace("          - {value: 20}", "          - {value: 900}")
    )
    files = {**shipped.layers[0][1], "criteria.yaml": text}
    new = load_layers((("base", files),))
    assert changed_rules(shipped, new)
    path = tmp_path / "dossiers.jsonl"
    examples = sorted((ROOT / "examples").glob("*.yaml"))
    with path.open("w", encoding="utf-8") as out:
        for example in examples:
            (found,) = read_dossiers(example, shipped.registry)
            out.write(json.dumps(found.to_dict(shipped.registry), ensure_ascii=False) + "\n")
    fast = impact_file(shipped, new, path, "columnar")
    slow = impact_file(shipped, new, path, "reference")
    # A few dossiers are not worth compiling for.
    assert impact_file(shipped, new, path).engine == "reference"
    assert (fast.engine, slow.engine) == ("columnar", "reference")
    assert fast.total == slow.total == len(examples)
    assert fast.matrix == slow.matrix
    by_project = [
        sorted((m.project_id, m.old, m.new, m.rules) for m in x.moved) for x in (fast, slow)
    ]
    assert by_project[0] == by_project[1]
    assert any(a != b for a, b in fast.matrix)


def test_a_large_parquet_file_against_the_reference(tmp_path: Path) -> None:
    old, new = ruleset_of(), changed(("value: 20}", "value: 18}"), ("codes: [C25", "codes: [C26"))
    path = tmp_path / "dossiers.parquet"
    with duckdb.connect() as db:
        db.execute(
            "COPY (SELECT 'P' || i AS project_id, '项目' AS project_name, DATE '2024-06-03' AS submitted_on, "
            "['C3985', 'C2511', 'C2614', 'C2689', NULL][1 + i % 5] AS industry_code, "
            "CASE WHEN i % 7 > 0 THEN CAST(1500 + i % 1000 AS DECIMAL(12, 2)) END AS annual_tax, "
            "CAST(100 AS DECIMAL(12, 2)) AS land_area, [true, false, NULL][1 + i % 3] AS two_high "
            f"FROM range(3000) AS t(i)) TO '{path}' (FORMAT parquet)"
        )
        rows = db.execute(
            f"SELECT project_id, industry_code, annual_tax, two_high FROM '{path}' ORDER BY 1"
        ).fetchall()
    fast = impact_file(old, new, path)
    registry = old.registry
    listed = [
        Row(
            p,
            json.dumps(
                profile(project_id=p, **good(industry_code=c, annual_tax=t, two_high=h)).to_dict(
                    registry
                )
            ),
        )
        for p, c, t, h in rows
    ]
    slow = impact_rows(old, new, listed, "reference")
    assert fast.matrix == slow.matrix
    assert {(m.project_id, m.rules) for m in fast.moved} == {
        (m.project_id, m.rules) for m in slow.moved
    }
    assert fast.rules == slow.rules
