"""A real mail server, and settings that send to it."""

import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from app.applications import Application, all_applications
from app.mail.outbox import queue_mail
from app.settings import settings
from tables.engine import DB
from tests.mail.real_mail_server import RealMailServer

LINK = "http://localhost:8000/verify-email?token=abc.def-123&x=1"


@pytest.fixture
def mail_server() -> Iterator[RealMailServer]:
    """A mail server that listens."""
    with RealMailServer().listening() as server:
        yield server


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.fixture
def mail_goes_to(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Callable[..., None]]:
    """Sets the mail server of the settings; "" means the folder of mail files, which is the test's own."""
    monkeypatch.setenv("PATRON_DATA_DIR", str(tmp_path))

    def use(url: str, sender: str = "Patron <shop@example.com>") -> None:
        monkeypatch.setenv("PATRON_SMTP_URL", url)
        monkeypatch.setenv("PATRON_MAIL_FROM", sender)
        settings.cache_clear()

    use("")
    yield use
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def sender_environment(mail_goes_to: object) -> Callable[[], dict[str, str]]:
    """The environment for a sender in a process of its own, with the settings of the test."""
    return lambda: dict(os.environ)


@pytest.fixture
def shop() -> Application:
    return next(one for one in all_applications() if one.kind == "shop")


@pytest.fixture
def queue_verification(database: str, shop: Application) -> Callable[..., Awaitable[None]]:
    """Queues the mail that a new shopper gets."""

    async def queue(
        to_email: str = "ines@example.com", name: str = "Ines Müller", language: str = "en"
    ) -> None:
        async with DB.transaction():
            await queue_mail(
                application=shop,
                kind="verify_email",
                user_id=None,
                to_email=to_email,
                to_name=name,
                language=language,
                name=name,
                link=LINK,
                hours=24,
            )

    return queue


@pytest.fixture
def time_passes(database: str) -> Callable[[float], Awaitable[None]]:
    """Lets minutes pass for all waiting mails and leases, by moving their times into the past."""

    async def passes(minutes: float) -> None:
        await DB.execute(
            "UPDATE outbox_mails SET due_at = due_at - make_interval(secs => $1),"
            " claimed_until = claimed_until - make_interval(secs => $1)",
            minutes * 60,
        )

    return passes
