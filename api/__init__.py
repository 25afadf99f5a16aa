"""The HTTP service: judging without storing, and the committee's record of what was decided.

Floors, the lowest first; none imports from one above it (docs/architecture.md has the picture):

    workdays  errors                          working days in China; why a request is refused
    transport/  database/                     bodies, problems, limits; SQLite or PostgreSQL
    settings
    judging/                                  rulesets in memory, by identity; batches
    store/                                    plain functions over a Session; every write is audited
    access/  jobs                             who asks, and what a role may do; work of other processes
    routes/  pages/                           HTTP in, store calls, JSON or HTML out
    app                                       wiring only
    commands/                                 what operators type

``app.create_app(settings)`` gives the ASGI application.
"""
