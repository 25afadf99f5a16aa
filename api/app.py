"""Wiring: settings in, ASGI application out."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from anyio import CapacityLimiter
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from api import openapi, pages
from api.access.provider import Provider
from api.access.security import roles_asked
from api.database.db import Database
from api.errors import Unreadable
from api.jobs import Jobs
from api.judging import batches
from api.judging.judge import SOFTWARE, Memo
from api.judging.workers import Workers, for_documents
from api.routes import (
    accounts,
    audit,
    batch,
    care,
    changes,
    commitments,
    conclusions,
    decisions,
    documents,
    excerpts,
    factors,
    health,
    impacts,
    industries,
    oidc,
    projects,
    proposals,
    reviews,
    rulesets,
    sessions,
    stateless,
    statistics,
)
from api.settings import Settings, SettingsError
from api.signing.keys import NO_KEY, SignatureError, Signer, read_signer
from api.store.checkpoints import Sinks
from api.store.core import Store
from api.store.messages.ways import Ways
from api.store.review.due import recount
from api.store.rulesets import current_identity
from api.store.work import SYSTEM
from api.transport import problems
from api.transport.middleware import BodyLimit, Edge, Pace
from api.transport.moved import Moved
from api.transport.ratelimit import Attempts, RateLimit
from api.transport.strict import strict_query
from api.transport.telemetry import configure_logging
from api.transport.uploads import FORM_FILES, Policy
from api.workdays.holidays import read_holidays
from api.workdays.workdays import WorkCalendar
from evaluator.documents.opened import MAX_BYTES
from evaluator.problems.errors import InputError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.shipped import examples_path

JUDGING_THREADS = 4
log = logging.getLogger("api")
DESCRIPTION = (
    "项目准入评估器：按规则集对工业项目申报材料作出准入、提交会审或不予准入的结论，并给出依据。"
)
ROUTERS = (
    stateless,
    impacts,
    industries,
    batch,
    excerpts,
    projects,
    decisions,
    documents,
    reviews,
    conclusions,
    commitments,
    care,
    changes,
    statistics,
    rulesets,
    proposals,
    sessions,
    factors,
    oidc,
    accounts,
    audit,
    health,
)


def work_calendar(settings: Settings) -> WorkCalendar:
    """The calendar of these settings. Raises HolidayError where its file cannot be used."""
    plans = read_holidays(settings.holidays) if settings.holidays else ()
    return WorkCalendar(settings.holidays_off, settings.holidays_on, plans)


def open_store(settings: Settings, ruleset: Ruleset | None = None) -> Store:
    """The store of these settings, its structure brought up to date and a ruleset in force.

    Raises RulebookError where the first ruleset cannot be read from its directory. A stored one that
    this program cannot read is logged, and asked for by ``store.rulesets.trouble()``.
    """
    store = Store(
        Database(settings.database_url, settings.database_pool),
        settings.engine,
        settings.ruleset_check_seconds,
        work_calendar(settings),
        settings.review_workdays,
        settings.paper_days,
        settings.silent_department,
    )
    try:
        _prepare(store, settings, ruleset)
    except BaseException:
        store.close()
        raise
    return store


def _prepare(store: Store, settings: Settings, ruleset: Ruleset | None) -> None:
    store.bring_forward()
    with store.work(SYSTEM) as work:
        changed = recount(work, store.calendar)
    if changed:
        log.warning("节假日安排有变，%d 件待办的期限已重算", changed)
    awaited = store.calendar.awaited(dt.datetime.now(dt.UTC).date())
    if awaited is not None:
        log.warning(
            "%d 年的节假日安排还没有，期限先估计；公布后写入 ADMISSION_HOLIDAYS 指的文件", awaited
        )
    try:
        on_disk = ruleset or load_directory(settings.root)
    except InputError as error:
        with store.db.read() as session:
            running = current_identity(session)
        if running is None:
            raise
        log.error("the rulebook on disk cannot be used, %s goes on: %s", running[:12], error)
    else:
        if not store.install_directory(on_disk):
            log.warning(
                "the rulebook on disk (%s) is not the one in force and is not taken: "
                "propose it by admission rules publish",
                on_disk.identity[:12],
            )
    # What cannot be read stops no reading, no login and no publication; it is logged by this.
    with suppress(Unreadable):
        store.rulesets.current()


def signer_of(settings: Settings) -> Signer | None:
    """Who signs, if anybody. Raises SettingsError for a key that cannot be used."""
    if settings.signing_key is None:
        if sinks_of(settings).any:
            raise SettingsError(NO_KEY)
        return None
    try:
        return read_signer(settings.signing_key)
    except SignatureError as error:
        raise SettingsError(str(error)) from None


def sinks_of(settings: Settings) -> Sinks:
    """Where the heads of the audit log are kept."""
    return Sinks(
        settings.checkpoint_seconds,
        settings.checkpoint_file,
        settings.checkpoint_syslog,
        settings.checkpoint_webhook,
        settings.checkpoint_authority,
    )


def _upload_limits(settings: Settings) -> tuple[BodyLimit, ...]:
    one, form = settings.max_attachment_bytes, settings.max_body_bytes
    return (
        BodyLimit(re.compile("/api/v1/tasks/[0-9]+/attachments"), one, "附件"),
        BodyLimit(re.compile(batches.PATH), settings.batch_limit),
        BodyLimit(re.compile("/api/v1/excerpts|/assess/read"), MAX_BYTES + form, "材料"),
        # Several files in one form, and the form around them.
        BodyLimit(re.compile("/tasks/[0-9]+/opinion"), FORM_FILES * one + form, "附件合计"),
    )


def ways_of(settings: Settings) -> Ways:
    """Where reminders and events go."""
    password, secret = settings.mail_password, settings.event_secret
    pairs = (one.partition("=") for one in settings.remind_mail)
    return Ways(
        mail_server=settings.mail_server,
        mail_from=settings.mail_from,
        mail_user=settings.mail_user,
        mail_password=password.get_secret_value() if password else None,
        mail_security=settings.mail_security,
        reminders=tuple((department, address) for department, _, address in pairs),
        text_webhook=settings.remind_webhook,
        event_webhooks=settings.event_webhooks,
        event_secret=secret.get_secret_value() if secret else "",
    )


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. Raises RulebookError where the rulebook cannot be used."""
    settings = settings or Settings()
    configure_logging(settings.log_level, settings.log_format)
    store = open_store(settings)
    signer, sinks = signer_of(settings), sinks_of(settings)
    keep = (signer, sinks) if signer is not None and sinks.any else None
    seconds, copies = settings.ruleset_check_seconds, settings.impact_directory
    jobs = Jobs(store, seconds, copies, keep, ways_of(settings))
    shared = settings.shared_directory
    limit, attempts = RateLimit(settings.rate_limit, shared), Attempts(shared)

    running, workers = batches.Batches(settings), Workers(settings)
    readers = Workers(for_documents(settings))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        jobs.start()
        yield
        await running.close()
        jobs.stop()
        workers.close()
        readers.close()
        limit.close()
        attempts.close()
        store.close()

    app = FastAPI(
        title="Admission API",
        version=SOFTWARE,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        generate_unique_id_function=openapi.operation_id,
        lifespan=lifespan,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        dependencies=[Depends(strict_query)],
    )
    app.state.settings = settings
    app.state.store = store
    app.state.judges = store.rulesets
    app.state.jobs = jobs
    app.state.signer = signer
    app.state.attachments = Policy(settings.max_attachment_bytes, settings.attachment_types)
    app.state.batches = running
    app.state.workers = workers
    app.state.readers = readers
    app.state.judging = CapacityLimiter(JUDGING_THREADS)
    app.state.probing = CapacityLimiter(1)
    app.state.memo = Memo(settings.memo_bytes)
    app.state.attempts = attempts
    app.state.oidc = Provider(settings) if settings.oidc_issuer else None
    for module in ROUTERS:
        app.include_router(module.router)
    served = [r for module in ROUTERS for r in module.router.routes if isinstance(r, Route)]
    problems.install(app, served)
    pages.install(app)
    registry = store.rulesets.reading().ruleset.registry
    examples = openapi.examples_in(examples_path())
    roles = {
        openapi.operation_id(route): roles_asked(route.dependant)
        for module in ROUTERS
        for route in module.router.routes
        if isinstance(route, APIRoute)
    }
    openapi.install(app, registry, examples, roles)
    app.add_middleware(Moved)
    app.add_middleware(
        Edge,
        max_body=settings.max_body_bytes,
        limits=_upload_limits(settings),
        limit=limit,
        trust_forwarded=settings.trust_forwarded,
        pace=Pace(settings.body_seconds, settings.body_rate, settings.answer_seconds),
        https=settings.https,
        hosts=settings.hosts,
    )
    return app
