"""What the commands for operators share: where they write, which database is meant, errors in a line.

They work on the database of the settings (``ADMISSION_DATABASE_URL``) or of ``--database-url``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from api.commands.backup import BackupError
from api.database.db import Database
from api.errors import Invalid, Newer, NotAnswering, StoreError, Unmigrated, Unusable
from api.settings import SettingsError, read_settings
from api.signing.keys import SignatureError, Signer, read_signer
from api.store.core import Store
from evaluator.problems.errors import InputError

Key = Annotated[
    str | None, typer.Option("--key", help="应信的公钥，写作 ed25519:…；不写则列出是谁签的")
]
Url = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        help="数据库地址；不写则用环境变量 ADMISSION_DATABASE_URL，再不然用 var/admission.db",
    ),
]
# Why a command ended, as sysexits.h has it; 2 is what was typed, or the record refusing.
NEWER_EXIT, FILES_EXIT, ABSENT_EXIT, SETTINGS_EXIT = 65, 73, 75, 78
console = Console()
errors = Console(stderr=True)


def fail(message: str, code: int = 2) -> NoReturn:
    """End the command with a message."""
    # Not as markup: a list in what was typed is no style.
    errors.print(message, style="red", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """What the operator can mend is one line, not a trace."""
    try:
        yield
    except Invalid as error:
        fail(f"{error.detail}{'。' + error.hint if error.hint else ''}")
    except SettingsError as error:
        fail(str(error), SETTINGS_EXIT)
    except (Unusable, OSError) as error:
        fail(str(error), FILES_EXIT)
    except Newer as error:
        fail(str(error), NEWER_EXIT)
    except NotAnswering as error:
        fail(str(error), ABSENT_EXIT)
    except (StoreError, BackupError, SignatureError, Unmigrated, InputError) as error:
        fail(str(error))
    except OperationalError as error:
        # The file of SQLite cannot be opened or written, or PostgreSQL is not there.
        fail(f"数据库没有应答：{str(error.orig).strip().splitlines()[0]}", ABSENT_EXIT)
    except SQLAlchemyError as error:
        fail(f"数据库出错：{str(error).splitlines()[0]}")


def settings_signer() -> Signer | None:
    """Who signs by the settings, if anybody. Raises SettingsError, SignatureError."""
    path = read_settings().signing_key
    return read_signer(path) if path is not None else None


@contextmanager
def database_at(url: str | None, *, wait: bool = False) -> Iterator[Database]:
    """The database, closed afterwards; what goes wrong in it is told in a line.

    With ``wait`` one that does not answer yet is waited for, as long as the settings say.
    """
    with told_in_a_line():
        settings = read_settings()
        db = Database(url or settings.database_url, settings.database_pool)
        try:
            if wait:
                db.wait(settings.database_wait, errors.print)
            yield db
        finally:
            db.close()


@contextmanager
def store_at(url: str | None) -> Iterator[Store]:
    """The store on it, its structure brought up to date."""
    with database_at(url) as db:
        store = Store(db, "reference")
        store.bring_forward()
        yield store
