"""A queued mail as a message: nothing that a person typed can become a header or another recipient."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.message import QueuedMail, Undeliverable, address_of, message_of
from app.mail.sender import dead_letters, send_due_mails
from tables.engine import DB
from tests.mail.real_mail_server import RealMailServer

HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language"}
HEADERS |= {"MIME-Version", "Content-Type"}


def queued(**values: object) -> QueuedMail:
    row: dict[str, object] = {
        "id": UUID(int=7),
        "message_id": "<7@localhost>",
        "application": "shop",
        "kind": "verify_email",
        "language": "en",
        "to_email": "ines@example.com",
        "to_name": "Ines",
        "subject": "Hello",
        "text_body": "Text\n",
        "html_body": "<p>Text</p>\n",
        "unsubscribe_link": "",
        "created_at": datetime(2026, 3, 1, 14, 5, tzinfo=UTC),
        "attempts": 1,
    }
    return QueuedMail.from_row(row | values)


def read_again(mail: QueuedMail) -> EmailMessage:
    message = message_from_bytes(message_of(mail).as_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


@given(name=st.text(max_size=250), subject=st.text(max_size=250))
def test_whatever_a_name_holds_there_is_one_recipient_and_no_further_header(name: str, subject: str) -> None:
    message = read_again(queued(to_name=name, subject=subject))
    assert set(message.keys()) == HEADERS
    assert [one.addr_spec for one in message["To"].addresses] == ["ines@example.com"]


@pytest.mark.parametrize(
    "name", ["Ines\r\nBcc: all@example.com", "Ines\nX-Evil: 1", "Ines\x00\x0b\u2028Subject: x"]
)
async def test_line_breaks_in_names_stay_out_of_the_headers(
    name: str,
    mail_server: RealMailServer,
    mail_goes_to: Callable[..., None],
    queue_verification: Callable[..., Awaitable[None]],
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification(name=name)
    assert await send_due_mails() == 1
    (message,), (envelope,) = mail_server.received, mail_server.envelopes
    assert envelope.rcpt_tos == ["ines@example.com"]
    assert {"Bcc", "X-Evil"}.isdisjoint(message.keys())
    assert message.get_all("Subject") == ["Please confirm your e-mail address"]


@pytest.mark.parametrize(
    "address", ["ines@example.com\r\nRCPT TO:<all@example.com>", "ines", "a\x00@example.com"]
)
async def test_an_address_that_is_none_is_not_queued(
    address: str, queue_verification: Callable[..., Awaitable[None]]
) -> None:
    with pytest.raises(ValueError, match="address"):
        await queue_verification(address)
    assert await DB.fetch("SELECT id FROM outbox_mails") == []


async def test_names_and_domains_of_any_script_arrive(
    mail_server: RealMailServer,
    mail_goes_to: Callable[..., None],
    queue_verification: Callable[..., Awaitable[None]],
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification("info@bücher.example", name="王秀英, Müller & Söhne")
    assert await send_due_mails() == 1
    (message,), (envelope,) = mail_server.received, mail_server.envelopes
    assert envelope.rcpt_tos == ["info@xn--bcher-kva.example"]
    assert [one.addr_spec for one in message["To"].addresses] == ["info@xn--bcher-kva.example"]


async def test_a_local_part_of_any_script_goes_to_a_server_that_takes_it(
    mail_server: RealMailServer,
    mail_goes_to: Callable[..., None],
    queue_verification: Callable[..., Awaitable[None]],
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification("müller@example.com")
    assert await send_due_mails() == 1
    (envelope,) = mail_server.envelopes
    assert envelope.rcpt_tos == ["müller@example.com"]
    assert envelope.smtp_utf8
    assert isinstance(envelope.content, bytes)
    assert "To: Ines Müller <müller@example.com>".encode() in envelope.content


async def test_a_local_part_of_any_script_is_given_up_where_the_server_cannot_take_it(
    mail_goes_to: Callable[..., None], queue_verification: Callable[..., Awaitable[None]]
) -> None:
    with RealMailServer().listening(enable_SMTPUTF8=False) as server:
        mail_goes_to(server.url)
        await queue_verification("müller@example.com")
        await queue_verification("ines@example.com")
        assert await send_due_mails() == 1
    (letter,) = await dead_letters()
    assert letter.to_email == "müller@example.com"
    assert "SMTPUTF8" in letter.last_error


def test_a_domain_that_is_none_cannot_be_delivered() -> None:
    for domain in ("-bücher-.example", "bü cher.example", "ü" * 70 + ".example"):
        with pytest.raises(Undeliverable):
            address_of(queued(to_email=f"ines@{domain}"))


async def test_the_name_of_the_application_stands_before_a_bare_sender(
    mail_goes_to: Callable[..., None],
) -> None:
    mail_goes_to("", "shop@example.com")
    assert message_of(queued())["From"] == "Patron <shop@example.com>"
    mail_goes_to("", "Northwind Traders <shop@example.com>")
    assert message_of(queued())["From"] == "Northwind Traders <shop@example.com>"


def test_long_lines_are_folded_on_the_way() -> None:
    mail = queued(text_body="ä" * 3000 + "\n")
    raw = message_of(mail).as_bytes()
    assert max(map(len, raw.splitlines())) <= 998
    text = read_again(mail).get_body(("plain",))
    assert text is not None
    assert text.get_content().strip() == "ä" * 3000


def test_only_a_mail_that_advertises_can_be_ended_by_one_click() -> None:
    """RFC 8058: both headers, the address in angle brackets, nothing else in it."""
    plain = message_of(queued())
    assert plain["List-Unsubscribe"] is None
    assert plain["List-Unsubscribe-Post"] is None
    link = "https://shop.example/newsletter/unsubscribe?token=" + "a" * 150
    message = message_of(queued(unsubscribe_link=link))
    assert message["List-Unsubscribe"] == f"<{link}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    header = next(one for one in message.as_string().splitlines() if one.startswith("List-Unsubscribe:"))
    assert "=?utf-8" not in header
