"""Every page on a phone and in large type: nothing beyond the edge, no text cut, axe content."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from sqlalchemy import select, update

from api.database.review_tables import Task
from api.database.tables import Project
from api.store import accounts, preconditions
from api.store.promises import commitments, supervision
from api.store.promises.commitments import Promise
from api.store.work import SYSTEM
from api.transport.seen import read_seen
from api.workdays.china import today
from scripts.seeding import people, submit_examples
from scripts.serving import running
from tests.browser.conftest import breaches, log_in
from tests.browser.walks import LONG, WALKS

# What of the page lies beyond the right edge, or is cut off by the box it stands in.
CUT = """() => {
  const wide = document.documentElement.clientWidth, out = [];
  if (document.documentElement.scrollWidth > wide)
    out.push(`page is ${document.documentElement.scrollWidth} wide`);
  const scrolls = (e) => { for (; e; e = e.parentElement) {
    const o = getComputedStyle(e).overflowX; if (o === 'auto' || o === 'scroll') return true; } };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || !e.checkVisibility() || e.closest('.stack thead, .skip, svg')) continue;
    const range = document.createRange(); range.selectNodeContents(n);
    for (const box of range.getClientRects())
      if (box.right > wide + 1 && !scrolls(e)) { out.push(`beyond: ${n.data.trim().slice(0, 40)}`); break; }
  }
  for (const e of document.querySelectorAll('body *')) {
    const s = getComputedStyle(e);
    const clips = s.overflowX === 'hidden' || s.overflowX === 'clip';
    if (clips && e.checkVisibility() && !e.closest('.stack thead, .chart, svg, input, select, textarea') && e.scrollWidth > e.clientWidth + 1)
      out.push(`cut: ${e.tagName} ${e.textContent.trim().slice(0, 40)}`);
  }
  for (const e of document.querySelectorAll('select, button, .button'))
    if (e.checkVisibility() && e.getBoundingClientRect().right > wide + 1 && !scrolls(e))
      out.push(`beyond: ${e.outerHTML.slice(0, 60)}`);
  return out;
}"""


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser
) -> Iterator[tuple[str, Browser]]:
    """A server of its own with something on every page: long names, overdue tasks, supervision."""
    with running(tmp_path_factory.mktemp("widths")) as (address, app):
        store = app.state.store
        actors = people(store)
        with store.work(SYSTEM) as work:
            accounts.create_account(
                work, "x" * 60, LONG[:60], ["committee", "auditor"], "long enough to type"
            )
            accounts.create_account(work, "second", "管理员", ["admin"], "long enough to type")
        submit_examples(
            store,
            actors["clerk"],
            ("r14-mushroom-weinan", "r36-acid-mist-purifier", "d01-complete-good"),
        )
        with store.db.write() as session:
            past = dt.date(2026, 1, 5)
            session.execute(update(Task).where(Task.id <= 3).values(due_on=past, opened_on=past))
        promises = (
            Promise("production", past),
            Promise("tax", past, "123456789012345678.5"),
            Promise("started", past),
        )
        with store.work(SYSTEM) as work:
            number = work.session.scalar(select(Project.number).order_by(Project.id).limit(1))
            assert number is not None
            project = work.session.scalars(select(Project).where(Project.number == number)).one()
            seen = preconditions.of_project(work.session, project)
            commitments.promise(work, number, promises, seen)
            view = commitments.of_project(work.session, SYSTEM, number, today())[2]
            order = supervision.Order(LONG, LONG[:90], today())
            supervision.start_promise(work, view.id, order, read_seen(view.seen))
        yield address, browser


def phone(browser: Browser, width: int = 390, big: bool = False) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 844}, locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(60_000)
    if big:
        context.add_init_script("document.cookie = 'big=1;path=/'")
    return page


def check(page: Page, where: str, wrong: list[str], axe: bool) -> None:
    page.wait_for_load_state("load")
    wrong += [f"{where}: {found}" for found in page.evaluate(CUT)]
    if axe:
        wrong += [f"{where}: {found}" for found in breaches(page)]


WHO = [pytest.param(w, marks=[pytest.mark.soak] * (w == "drafter")) for w in WALKS]


@pytest.mark.parametrize(
    ("width", "big"), [(390, False), pytest.param(390, True, marks=pytest.mark.soak)]
)
@pytest.mark.parametrize("who", WHO)
def test_nothing_is_cut(place: tuple[str, Browser], who: str, width: int, big: bool) -> None:
    address, browser = place
    page = phone(browser, width, big)
    name, walks = WALKS[who]
    wrong: list[str] = []
    if name:
        log_in(page, address, name)
    for walk in walks:
        # The desktop in normal type is looked at by axe elsewhere.
        walk(page, address, lambda where: check(page, where, wrong, axe=big and width == 390))
    page.context.close()
    assert wrong == []


@pytest.mark.parametrize("path", ["/", "/examples/r14-mushroom-weinan", "/login", "/rules"])
def test_every_stop_of_the_keyboard_is_seen(place: tuple[str, Browser], path: str) -> None:
    address, browser = place
    page = phone(browser, 1366)
    page.goto(address + path)
    count = page.evaluate(
        "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea,"
        ' summary, [tabindex="0"]\')].filter((e) => e.checkVisibility()).length'
    )
    stops = []
    for _ in range(count + 5):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """() => { const e = document.activeElement; if (e === document.body) return null;
            const s = getComputedStyle(e), b = e.getBoundingClientRect();
            e.dataset.stop = (+e.dataset.stop || 0) + 1;
            return { times: +e.dataset.stop, ring: parseFloat(s.outlineWidth),
              seen: b.bottom > 0 && b.top < innerHeight && b.width > 0, html: e.outerHTML.slice(0, 80) }; }"""
        )
        if found is None:
            break
        stops.append(found)
    assert len(stops) >= count
    assert [s["html"] for s in stops if s["ring"] < 2 or not s["seen"]] == []
    assert [s["html"] for s in stops if s["times"] > 1][2:] == []
    page.context.close()


def test_a_form_is_sent_by_keyboard_alone(place: tuple[str, Browser]) -> None:
    address, browser = place
    page = phone(browser, 1366)
    page.goto(f"{address}/login?next=/assess")

    def to(selector: str, limit: int = 200) -> None:
        for _ in range(limit):
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    to("#name")
    page.keyboard.type("clerk")
    to("#password")
    page.keyboard.type("long enough to type")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('填写申报材料')")
    page.wait_for_load_state("load")
    to("[id='f-project_id']")
    page.keyboard.type("K1")
    to("[id='f-project_name']")
    page.keyboard.type("只用键盘的项目")
    to("form#dossier .actions button")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('核对申报信息')")
    to("button[formaction='/assess/submit']", 300)
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]:has-text('已受理')")
    page.context.close()


def test_the_editor_is_no_trap(place: tuple[str, Browser]) -> None:
    address, browser = place
    page = phone(browser, 1366)
    log_in(page, address, "maintainer")
    page.goto(f"{address}/rules/try/edit?layer=base&file=rules/positive/investment.yaml")
    page.locator(".cm-content").click()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent.trim()") in ("检查并看影响", "还原")
    page.context.close()


def test_the_check_itself_sees_what_is_cut(place: tuple[str, Browser]) -> None:
    page = phone(place[1])
    page.set_content("<p style='white-space: nowrap'>" + "长" * 60)
    assert [w[:9] for w in page.evaluate(CUT)] == ["page is 9", "beyond: 长"]
    page.set_content("<p style='white-space: nowrap; overflow: hidden; width: 80px'>" + "长" * 9)
    assert page.evaluate(CUT) == ["cut: P " + "长" * 9]
    page.set_content("<p style='white-space: nowrap; overflow: auto; width: 80px'>" + "长" * 9)
    assert page.evaluate(CUT) == []
    page.context.close()


@pytest.mark.parametrize(
    "path",
    [
        "/examples/r36-acid-mist-purifier",
        "/examples/r14-mushroom-weinan/opinion",
        "/examples/r14-mushroom-weinan/why/negative.low_tax",
        "/rules",
        "/criteria",
    ],
)
@pytest.mark.parametrize("big", [False, True])
def test_nothing_is_cut_on_paper(place: tuple[str, Browser], path: str, big: bool) -> None:
    address, browser = place
    page = phone(browser, 658, big)  # What the margins leave of an A4 sheet.
    page.emulate_media(media="print")
    page.goto(address + path)
    # Paper does not scroll.
    page.evaluate(
        "document.querySelectorAll('.scroll, pre').forEach((e) => { e.dataset.paper = '1'; })"
    )
    assert page.evaluate(CUT) == []
    wide = page.evaluate(
        "[...document.querySelectorAll('[data-paper]')].filter((e) => e.checkVisibility()"
        " && e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent.trim().slice(0, 40))"
    )
    assert wide == []
    page.context.close()
