"""The record: plain functions that read with a Session and write with a ``Work``.

Reading functions take (session, actor, …) and return frozen dataclasses; they show an actor only
what its roles may see (``visibility``), and raise ``Denied`` or ``Missing`` otherwise. Those called
``…Out`` are what routes answer with, and the OpenAPI document shows them by that name. Writing
functions take a ``Work``: one transaction, one actor, and the audit entries that are committed with
it. Neither knows of HTTP: routes and pages call the same functions.

    store = Store(Database(url), "durable")
    receipt = submissions.submit(store, actor, Submission(dossier))
    with store.work(actor) as work:
        commitments.promise(work, receipt.number, promises)
    with store.db.read() as session:
        page = lookup.find(session, actor, Filter(q="芯片"))
"""
