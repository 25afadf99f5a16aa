"""Proposals out of forms: a standard's new value, a rule's effect, departments, wording and period,
a card's points and bands.

A form knows no YAML. What it says is put into the files of what was published last, the cases for
the new value beside the rule, and the whole goes the way of every proposal.
"""

from __future__ import annotations

import datetime as dt
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sqlalchemy.orm import Session

from api.errors import Conflict, Invalid
from api.store.proposals.text import Text, head, text_of
from evaluator.amend.card import NewBand, amended_card
from evaluator.amend.card_cases import corrected_cases
from evaluator.amend.examples import boundary_cases, layer_of, outdated_cases, without_lines
from evaluator.amend.rule import Given, amended_rule
from evaluator.amend.splice import CannotSplice
from evaluator.amend.standard import Amendment, Document, amended, period_to_amend
from evaluator.cases.book import Cases, read_cases
from evaluator.judgement.wording import with_unit
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.cards import Scorecard
from evaluator.rulebook.checks import check_layers
from evaluator.rulebook.checks.honest import value_falsehoods
from evaluator.rulebook.checks.papers import new_rejects
from evaluator.rulebook.criteria import Criterion, Row
from evaluator.rulebook.load import load_layers
from evaluator.rulebook.transfer import write_text
from evaluator.values.numbers import exact_text
from evaluator.values.units import UnitError, parse_quantity

NEW = "@new"  # In the list of documents: one that the rulebook does not cite yet.
MAX_NAMED = 3


@dataclass(frozen=True, slots=True)
class Basis:
    """What a form starts from: the files published last, and what they mean."""

    text: Text
    ruleset: Ruleset


@dataclass(frozen=True, slots=True)
class StandardGiven:
    """A form of a standard as it was typed; ``values`` by the row's number."""

    start: str
    values: Mapping[int, str]
    source: str
    title: str
    number: str
    clause: str
    verified: bool
    read_by: str
    reason: str
    correction: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """What becomes a proposal."""

    title: str
    reason: str
    text: Text


def basis(session: Session, root: Path | None) -> Basis:
    """What was published last. Raises Missing."""
    text = text_of(session, head(session), root)
    return Basis(text, load_layers(text.layers))


def next_month(today: dt.date) -> dt.date:
    """The first day of the month after ``today``."""
    return (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1)


def rows_on(criterion: Criterion, start: dt.date) -> tuple[Row, ...]:
    """The rows that a change from ``start`` on is of. Raises Invalid."""
    try:
        return period_to_amend(criterion, start).rows
    except CannotSplice as error:
        raise Invalid("start", str(error)) from error


# --- a standard -----------------------------------------------------------------------------------


def propose_standard(
    found: Basis, criterion: Criterion, given: StandardGiven, today: dt.date
) -> Proposed:
    """The files with a standard's new values, and cases for them. Raises Invalid for the form."""
    correction = given.correction.strip() or None
    start = today if correction else day_of("start", given.start)
    if correction is None and start <= today:
        raise Invalid(
            "start",
            f"起始日期 {start.isoformat()} 不在今天以后",
            "新标准从今后某一天起；以前录错了的，在下面写明是更正",
        )
    rows = rows_on(criterion, start)
    values = _values(criterion, rows, given.values)
    if not values:
        raise Invalid("values", "没有一个数改了")
    source, document = _document(found.ruleset, given, start) if correction is None else ("", None)
    if correction is None and not given.clause.strip():
        raise Invalid("clause", "请写明第几条")
    change = Amendment(
        start=start,
        values=values,
        source=source,
        clause=given.clause.strip() or None,
        verified=given.verified,
        note=_read_note(given, today),
        document=document,
        correction=correction,
    )
    text = _amended(found, criterion, change)
    text = _with_cases(text, criterion.id, None if correction else start)
    what = _what(rows, values)
    since = "（更正）" if correction else f"，{start.isoformat()} 起"
    reason = given.reason.strip() or (
        f"更正：{correction}"
        if correction
        else f"据{_cited(found, source, document, change.clause)}"
    )
    return Proposed(f"{criterion.title}：{what}{since}"[:200], reason, text)


def day_of(field: str, text: str) -> dt.date:
    """A date as a form gives it. Raises Invalid for the field."""
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(field, f"日期“{text[:20]}”读不了", "写作 2027-01-01") from None


def _values(
    criterion: Criterion, rows: tuple[Row, ...], typed: Mapping[int, str]
) -> dict[int, Fraction]:
    """The rows whose number changes, in the unit of the row."""
    out: dict[int, Fraction] = {}
    for row in rows:
        text = typed.get(row.number, "").strip()
        if not text:
            raise Invalid(f"value-{row.number}", f"“{row.title()}”的值没有填", "不改的照原样留着")
        try:
            unit = row.unit or criterion.unit
            value = parse_quantity(text, unit) if unit else Fraction(text)
        except (UnitError, ValueError, ZeroDivisionError) as error:
            raise Invalid(
                f"value-{row.number}", f"“{row.title()}”：{error}", "只写一个数"
            ) from None
        if "/" in exact_text(value):
            raise Invalid(f"value-{row.number}", f"“{row.title()}”的值除不尽", "写成小数")
        if value != row.value:
            out[row.number] = value
    return out


def _document(
    ruleset: Ruleset, given: StandardGiven, start: dt.date
) -> tuple[str, Document | None]:
    if given.source != NEW:
        if given.source not in ruleset.sources:
            raise Invalid("source", "请选择依据的文件，或另写一个")
        return given.source, None
    title = given.title.strip().strip("《》")
    if not title:
        raise Invalid("title", "请写明依据的文件")
    number = given.number.strip() or None
    for id_, source in ruleset.sources.items():
        if source.title == title and source.number == number:
            return id_, None
    id_ = f"doc_{start:%Y%m%d}"
    taken = sum(re.fullmatch(rf"{id_}(_\d+)?", s) is not None for s in ruleset.sources)
    return (made := f"{id_}_{taken + 1}" if taken else id_), Document(made, title, number)


def _read_note(given: StandardGiven, today: dt.date) -> str | None:
    who = given.read_by.strip()
    if given.verified and not who:
        raise Invalid("read_by", "核对过原文的，写明是谁核对的")
    return (
        f"{today.isoformat()} 由{who}{'核对原文' if given.verified else '录入，未核对原文'}"
        if who
        else None
    )


def _cited(found: Basis, source: str, document: Document | None, clause: str | None) -> str:
    if document is None:
        return found.ruleset.sources[source].citation(clause)
    number = f"（{document.number}）" if document.number else ""
    return f"《{document.title}》{number}{clause or ''}"


def _what(rows: tuple[Row, ...], values: Mapping[int, Fraction]) -> str:
    changed = [r for r in rows if r.number in values]
    said = [
        f"{r.title() + ' ' if r.keys else ''}{exact_text(r.value)} → "
        + with_unit(exact_text(values[r.number]), r.unit)
        for r in changed[:MAX_NAMED]
    ]
    more = f"等 {len(changed)} 档" if len(changed) > MAX_NAMED else ""
    return "，".join(said) + more


def _amended(found: Basis, criterion: Criterion, change: Amendment) -> Text:
    layer, path = layer_of(found.ruleset, criterion.place.source.name)
    try:
        text = amended(str(found.text.file(layer, path)), criterion, change)
    except CannotSplice as error:
        raise Invalid("values", f"用表改不了：{error}", "请起草提案，在文件里改") from error
    return _checked(found, found.text.with_file(layer, path, text))


def _checked(found: Basis, text: Text) -> Text:
    """A text that reads and says nothing false; the language may refuse what a form gave.

    Raises Invalid.
    """
    ruleset, problems = check_layers(text.layers)
    wrong = [p for p in problems if p.severity == "error"]
    if ruleset is not None:
        wrong += value_falsehoods(found.ruleset, ruleset)
        wrong += new_rejects(found.ruleset, ruleset)
    if ruleset is None or wrong:
        said = "；".join(p.message for p in wrong[:3]) or "读不了"
        raise Invalid("values", f"改后的规则集有错误：{said}", wrong[0].hint if wrong else None)
    return text


def _read_cases(text: Text) -> tuple[Ruleset, Cases]:
    ruleset = load_layers(text.layers)
    with tempfile.TemporaryDirectory() as directory:
        root = write_text(text.layers, text.materials, Path(directory))
        return ruleset, read_cases(ruleset, Problems(), root)


def _with_cases(text: Text, criterion: str, start: dt.date | None) -> Text:
    """The text with cases on the new values and just beside them, after those that are there.

    Without ``start`` a value was corrected: the cases that it makes wrong give way to them.
    """
    ruleset, cases = _read_cases(text)
    if start is None:
        wrong: dict[str, list[Place]] = {}
        for place in outdated_cases(ruleset, cases, criterion):
            wrong.setdefault(place.source.name, []).append(place)
        for name, places in wrong.items():
            layer, path = layer_of(ruleset, name)
            try:
                left = without_lines(str(text.file(layer, path)), places)
            except CannotSplice as error:
                raise Invalid("correction", f"用表改不了：{error}") from error
            text = text.with_file(layer, path, left)
        ruleset, cases = _read_cases(text)
    for found in boundary_cases(ruleset, cases, criterion, start):
        before = dict(text.files(found.layer)).get(found.path)
        joined = found.text if before is None else f"{before.rstrip()}\n\n{found.text}"
        text = text.with_file(found.layer, found.path, joined)
    return text


# --- a rule ---------------------------------------------------------------------------------------


def propose_rule(
    found: Basis, rule: Rule, changes: Mapping[str, Given], what: str, reason: str
) -> Proposed:
    """The files with a rule changed. Raises Invalid for the form."""
    if not changes:
        raise Invalid("title", "什么也没有改")
    if not reason.strip():
        raise Invalid("reason", "请写明为什么改，依据哪个文件哪一条")
    layer, path = layer_of(found.ruleset, rule.place.source.name)
    try:
        text = amended_rule(str(found.text.file(layer, path)), rule, changes)
    except CannotSplice as error:
        raise Invalid("title", f"用表改不了：{error}", "请起草提案，在文件里改") from error
    checked = _checked(found, found.text.with_file(layer, path, text))
    return Proposed(f"规则“{rule.title}”：{what}"[:200], reason.strip(), checked)


# --- a scorecard ----------------------------------------------------------------------------------


def propose_card(
    found: Basis,
    card: Scorecard,
    values: Mapping[str, str],
    added: Sequence[NewBand],
    removed: Sequence[str],
    what: Sequence[str],
    reason: str,
) -> Proposed:
    """The files with a card's numbers and bands changed, and its cases saying what it gives then.

    Raises Invalid for the form.
    """
    if not (values or added or removed):
        raise Invalid("values", "没有一个数改了")
    if not reason.strip():
        raise Invalid("reason", "请写明为什么改，依据哪个文件哪一条")
    layer, path = layer_of(found.ruleset, card.place.source.name)
    before = str(found.text.file(layer, path))
    try:
        text = amended_card(before, card, found.ruleset.registry, values, added, removed)
    except CannotSplice as error:
        raise Invalid("values", f"用表改不了：{error}", "请起草提案，在文件里改") from error
    made = _checked(found, found.text.with_file(layer, path, text))
    ruleset, cases = _read_cases(made)
    for below, name, told, _ in corrected_cases(ruleset, cases, ruleset.scorecards[card.id]):
        made = made.with_file(below, name, told)
    more = f"等 {len(what)} 处" if len(what) > MAX_NAMED else ""
    title = f"评分表“{card.title}”：{'，'.join(what[:MAX_NAMED])}{more}"
    return Proposed(title[:200], reason.strip(), made)


def card_text(found: Basis, card: Scorecard) -> str:
    """The file that a card stands in."""
    layer, path = layer_of(found.ruleset, card.place.source.name)
    return str(found.text.file(layer, path))


def unchanged_since(session: Session, found: Basis, root: Path | None) -> None:
    """Raises Conflict where somebody published between the reading and the writing."""
    if text_of(session, head(session), root).digest() != found.text.digest():
        raise Conflict("刚有新的发布，请重新打开这一页再改")
