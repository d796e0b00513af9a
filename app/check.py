"""What `patron check` looks at: settings, applications, database, mail server."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol
from urllib.parse import urlsplit

Check = Callable[[], str]
DATABASE_WITHIN = 15


class OpenDatabase(Protocol):
    """Opens the database of the settings for the time of a block."""

    def __call__(self, *, share: bool) -> AbstractContextManager[None]:
        """The block; `share` when another process may run the embedded database already."""


class CheckWarns(Exception):
    """What was checked works, and yet something is missing; the sentence says what."""


class CheckFailed(Exception):
    """What was checked does not work; the sentence says why."""


def all_checks(database: OpenDatabase) -> list[tuple[str, Check]]:
    """Name and function of each check, in order. A function returns what it found or raises the reason:
    CheckWarns where it works nevertheless."""
    return [
        ("settings", _settings),
        ("applications", _applications),
        ("database", lambda: _database(database)),
        ("mail", _mail),
    ]


def _settings() -> str:
    from app.settings import settings

    current = settings()
    return f"{current.environment}, data folder {current.data_dir}"


def _applications() -> str:
    from app.applications import all_applications
    from app.settings import settings

    applications = all_applications()
    found = ", ".join(f"{application.id} at {application.url}" for application in applications)
    lacking = [
        f"{one.id} lacks {name}"
        for one in applications
        for name in ("seller_name", "seller_address", "seller_tax_id")
        if not one.is_back_office and not getattr(one, name)
    ]
    if lacking and not settings().development:
        raise CheckWarns(f"{found}, but invoices must say who sells: {', '.join(lacking)}")
    return found


def _database(database: OpenDatabase) -> str:
    async def look() -> str:
        from app.migrations import pending_migrations
        from tables.engine import DB

        async with asyncio.timeout(DATABASE_WITHIN):
            version = await DB.fetch_value("SHOW server_version")
            pending = await pending_migrations()
        if pending:
            raise CheckFailed(
                f"PostgreSQL {version}, but “patron migrate” has to be run: {', '.join(pending)}"
            )
        return f"PostgreSQL {version}, up to date"

    with database(share=True):
        return asyncio.run(look())


def _mail() -> str:
    from app.settings import settings

    current = settings()
    if not current.smtp_url:
        return f"PATRON_SMTP_URL is empty: mails are files in {current.data_dir / 'mail'}"

    async def look() -> str:
        from app.mail.mail_server import MailServer

        server = MailServer(current.smtp_url)
        await server.connect()
        await server.close()
        return f"{urlsplit(current.smtp_url).hostname} lets Patron in"

    return asyncio.run(look())
