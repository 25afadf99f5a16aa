"""The HTTP service: judging without storing, and the committee's record of what was decided.

Layers, lower never imports upper:

    settings  problems  body                  no state
    calendar  holidays  attachments           working days; files given with an opinion
    ratelimit  telemetry                      counted over all workers of a server
    tables  db  migrations/                   the database, SQLite or PostgreSQL
    judge                                     rulesets in memory, by identity
    store/                                    plain functions over a Session; every write is audited
    security                                  who asks, and what a role may do
    routes/                                   HTTP in, store calls, JSON out; pages/ do the same in HTML
    middleware  app                           wiring only

``app.create_app(settings)`` gives the ASGI application.
"""
