"""What `patron check` looks at: settings, applications, the check of passwords, database, mail server."""

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
        ("passwords", _passwords),
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
    nobody = [
        one.id
        for one in applications
        if any(one.needs_approval(admitted) for admitted in one.login) and not one.approval_recipients
    ]
    warnings = []
    if lacking:
        warnings.append(f"invoices must say who sells: {', '.join(lacking)}")
    if nobody:
        warnings.append(
            f"nobody is mailed when a customer awaits approval: {', '.join(nobody)} lacks approval_recipients"
        )
    if warnings and not settings().development:
        raise CheckWarns(f"{found}, but {'; and '.join(warnings)}")
    return found


def _passwords() -> str:
    from app.sign_in.breached_passwords import installed_check

    check = installed_check()
    return f"looked up in breaches by {check.id}" if check is not None else "not looked up in breaches"


def _database(database: OpenDatabase) -> str:
    async def look() -> str:
        from app.customers.types import all_customer_types
        from app.migrations import pending_migrations
        from app.prices.edit_tax import shops_that_tax_like_the_union, shops_without_rates
        from app.settings import settings
        from tables.engine import DB

        async with asyncio.timeout(DATABASE_WITHIN):
            version = await DB.fetch_value("SHOW server_version")
            pending = await pending_migrations()
            if pending:
                raise CheckFailed(
                    f"PostgreSQL {version}, but “patron migrate” has to be run: {', '.join(pending)}"
                )
            rows = await DB.fetch("SELECT DISTINCT customer_type FROM customers ORDER BY customer_type")
            untaxed = await shops_without_rates()
            abroad = await shops_that_tax_like_the_union()
        gone = [row["customer_type"] for row in rows if row["customer_type"] not in all_customer_types()]
        if gone:
            raise CheckFailed(
                f"PostgreSQL {version}, but it holds customers of types that are not installed: {', '.join(gone)}"
            )
        if untaxed:
            shops = ", ".join(f"{one.id} (default_country {one.default_country})" for one in untaxed)
            told = f"PostgreSQL {version}, but there are no tax rates where these shops are at home: {shops}"
            if settings().development:
                raise CheckWarns(told)
            # They would sell without VAT. Who means to enters a rate of 0.
            raise CheckFailed(told)
        if abroad:
            shops = ", ".join(f"{one.id} (default_country {one.default_country})" for one in abroad)
            raise CheckWarns(
                f"PostgreSQL {version}, but these shops at home outside of the European Union charge the VAT of its"
                f" member states, since there are rates of these: {shops}"
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
