"""The mailbox of a development server, through the pages that show it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from app.applications import all_applications
from app.mail.sender import send_due_mails
from app.main import Patron
from tables.engine import DB

LINK = "http://localhost:8000/verify-email?token=abc.def-123&amp;x=1"
QueueVerification = Callable[..., Awaitable[None]]


@pytest.fixture
async def browser(mail_goes_to: Callable[..., None]) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor of the shop on a development server."""
    patron = httpx.ASGITransport(Patron(all_applications()))  # type: ignore[arg-type]  # ASGI, as Litestar spells it
    async with httpx.AsyncClient(transport=patron, base_url="http://localhost:8000") as client:
        yield client


async def test_mails_are_listed_and_read_in_every_application(
    browser: httpx.AsyncClient, queue_verification: QueueVerification
) -> None:
    await queue_verification("müller@example.com", name="<b>Ines</b>")
    await send_due_mails()
    mail_id = await DB.fetch_value("SELECT id FROM outbox_mails")
    for application in all_applications():
        listed = await browser.get(f"{application.prefix}/mailbox")
        assert listed.status_code == 200
        assert "müller@example.com" in listed.text
        assert f'href="{application.prefix}/mailbox/{mail_id}"' in listed.text
        shown = await browser.get(f"{application.prefix}/mailbox/{mail_id}")
        assert shown.status_code == 200
        assert "<h1>Please confirm your e-mail address</h1>" in shown.text
        assert f'<a href="{LINK}">{LINK}</a>' in shown.text
        assert "Hello &lt;b&gt;Ines&lt;/b&gt;," in shown.text
        assert "no-store" in shown.headers["cache-control"]


async def test_a_mail_can_be_downloaded_for_a_mail_program(
    browser: httpx.AsyncClient, queue_verification: QueueVerification, tmp_path: Path
) -> None:
    await queue_verification()
    await send_due_mails()
    (path,) = (tmp_path / "mail").iterdir()
    mail_id = await DB.fetch_value("SELECT id FROM outbox_mails")
    answer = await browser.get(f"/mailbox/{mail_id}/file")
    assert answer.content == path.read_bytes()
    assert answer.headers["content-disposition"] == f'attachment; filename="{mail_id}.eml"'
    assert answer.headers["content-type"].startswith("message/rfc822")


@pytest.mark.parametrize(
    "mail_id",
    ["40abb536-7198-4251-8fd4-52ce7f1c3046", "..%2f..%2fsecret_keys", "../../secret_keys", "x", "%00"],
)
async def test_only_mails_of_the_folder_can_be_read(
    browser: httpx.AsyncClient, mail_id: str, tmp_path: Path
) -> None:
    (tmp_path / "secret_keys").write_text("secret")
    for address in (f"/mailbox/{mail_id}", f"/mailbox/{mail_id}/file"):
        assert (await browser.get(address)).status_code == 404


async def test_an_empty_mailbox_says_so(
    browser: httpx.AsyncClient, mail_goes_to: Callable[..., None]
) -> None:
    assert "No mails yet." in (await browser.get("/mailbox")).text
    mail_goes_to("smtp://127.0.0.1:25")
    assert "none are shown here" in (await browser.get("/mailbox")).text
    assert "Postfach" in (await browser.get("/mailbox", headers={"accept-language": "de"})).text
