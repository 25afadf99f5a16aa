"""The record: plain functions that read with a Session and write with a ``Work``.

Reading functions take ``（session, actor, …）`` and return frozen dataclasses; they show an actor only
what its roles may see (``visibility``), and raise ``Denied`` or ``Missing`` otherwise. Writing
functions take a ``Work``: one transaction, one actor, and the audit entries that are committed with
it. Neither knows of HTTP: routes and pages call the same functions.

    store = Store(Database(url), "durable")
    with store.work(actor) as work:
        receipt = submissions.submit(work, store.rulesets, raw)   # see submissions.submit
    with store.db.read() as session:
        page = projects.find（session, actor, projects.Filter（q="芯片"））
"""
