"""Sending: what is queued arrives, whatever happens to the mail server and to the sender."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from aiosmtpd.smtp import AuthResult

from app.mail.sender import dead_letters, retry_mail, send_due_mails
from tables.engine import DB
from tests.mail.real_mail_server import RealMailServer
from tests.patron_process import free_port

LINK = "http://localhost:8000/verify-email?token=abc.def-123&x=1"

MailGoesTo = Callable[..., None]
QueueVerification = Callable[..., Awaitable[None]]
TimePasses = Callable[[float], Awaitable[None]]
SenderEnvironment = Callable[[], dict[str, str]]

# A sender in a process of its own, as `patron worker` runs it.
SENDER = """
import asyncio, sys
from app.mail.sender import send_due_mails
from tables.engine import close_pool, open_pool

async def send():
    await open_pool()
    print(await send_due_mails(limit=100))
    await close_pool()

asyncio.run(send())
"""


async def start_sender(environment: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", SENDER, env=environment)


async def outbox() -> list[dict[str, Any]]:
    return await DB.fetch("SELECT * FROM outbox_mails ORDER BY id")


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # another process changes the database
            await asyncio.sleep(0.05)


async def test_a_queued_mail_arrives_in_text_and_html(
    mail_server: RealMailServer, mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification()
    assert await send_due_mails() == 1
    (message,) = mail_server.received
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert LINK in text.get_content()
    assert html is not None
    assert LINK.replace("&", "&amp;") in html.get_content()
    assert message["Subject"] == "Please confirm your e-mail address"
    assert message["From"] == "Patron <shop@example.com>"
    assert message["To"] == "Ines Müller <ines@example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["Message-ID"].endswith("@localhost>")
    assert message["Date"].datetime.tzinfo is not None


async def test_a_mail_is_in_the_language_of_its_recipient(
    mail_server: RealMailServer, mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification(language="de")
    await send_due_mails()
    (message,) = mail_server.received
    assert message["Subject"] == "Bitte bestätigen Sie Ihre E-Mail-Adresse"
    text = message.get_body(("plain",))
    assert text is not None
    assert "Guten Tag Ines Müller," in text.get_content()


async def test_the_texts_of_a_sent_mail_are_not_kept(
    mail_server: RealMailServer, mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification()
    await send_due_mails()
    (row,) = await outbox()
    assert (row["text_body"], row["html_body"], row["attempts"]) == ("", "", 1)
    assert row["sent_at"] is not None
    assert row["claimed_until"] is None
    assert await send_due_mails() == 0
    assert len(mail_server.received) == 1


async def test_many_mails_go_over_one_connection(
    mail_server: RealMailServer, mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(mail_server.url)
    for number in range(6):
        await queue_verification(f"shopper{number}@example.com")
    assert await send_due_mails(limit=4) == 4
    assert mail_server.connections == 1
    assert await send_due_mails() == 2


async def test_mails_wait_while_the_server_is_down_and_go_when_it_is_back(
    mail_goes_to: MailGoesTo, queue_verification: QueueVerification, time_passes: TimePasses
) -> None:
    server = RealMailServer()
    mail_goes_to(server.url)
    await queue_verification()
    assert await send_due_mails() == 0
    (row,) = await outbox()
    assert row["attempts"] == 1
    assert row["sent_at"] is None
    assert "127.0.0.1" in row["last_error"]
    assert await send_due_mails() == 0, "nothing is tried again before its time"
    assert (await outbox())[0]["attempts"] == 1

    with server.listening():
        await time_passes(1)
        assert await send_due_mails() == 1
    assert [message["Message-ID"] for message in server.received] == [row["message_id"]]
    assert (await outbox())[0]["last_error"] == ""


async def test_a_server_that_is_down_costs_one_attempt_of_one_mail_at_a_time(
    mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(f"smtp://127.0.0.1:{free_port()}")
    for _ in range(3):
        await queue_verification()
    assert await send_due_mails() == 0
    assert [row["attempts"] for row in await outbox()] == [1, 0, 0]


async def test_after_five_failures_with_growing_waits_a_mail_is_a_dead_letter(
    mail_server: RealMailServer,
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
    time_passes: TimePasses,
) -> None:
    mail_goes_to(mail_server.url)
    mail_server.answers_to_recipients["ines@example.com"] = "451 come back later"
    await queue_verification()
    for minutes in (1, 5, 15, 60):
        assert await send_due_mails() == 0
        (row,) = await DB.fetch("SELECT gave_up_at, due_at - now() AS wait FROM outbox_mails")
        assert row["gave_up_at"] is None
        assert minutes * 60 - 10 < row["wait"].total_seconds() <= minutes * 60
        await time_passes(minutes)
    assert await send_due_mails() == 0
    (letter,) = await dead_letters()
    assert letter.attempts == 5
    assert "come back later" in letter.last_error
    await time_passes(600)
    assert await send_due_mails() == 0

    mail_server.answers_to_recipients.clear()
    assert await retry_mail(letter.id) is True
    assert await retry_mail(letter.id) is False
    assert await send_due_mails() == 1
    assert await dead_letters() == []
    assert len(mail_server.received) == 1


async def test_a_refused_recipient_is_given_up_at_once_and_stops_nobody_else(
    mail_server: RealMailServer, mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(mail_server.url)
    mail_server.answers_to_recipients |= {
        "nobody@example.com": "550 no such user",
        "full@example.com": "452 full",
    }
    for address in ("nobody@example.com", "full@example.com", "ines@example.com"):
        await queue_verification(address)
    assert await send_due_mails() == 1
    assert [envelope.rcpt_tos for envelope in mail_server.envelopes] == [["ines@example.com"]]
    (letter,) = await dead_letters()
    assert (letter.to_email, letter.attempts) == ("nobody@example.com", 1)
    assert "no such user" in letter.last_error


async def test_refused_content_is_given_up_at_once(
    mail_server: RealMailServer, mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    mail_goes_to(mail_server.url)
    mail_server.answer_to_content = "554 we do not like it"
    await queue_verification()
    assert await send_due_mails() == 0
    assert [letter.last_error for letter in await dead_letters()] == ["554 we do not like it"]


async def test_a_sender_killed_between_claim_and_send_loses_no_mail(
    mail_server: RealMailServer,
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
    time_passes: TimePasses,
    sender_environment: SenderEnvironment,
    silent_port: int,
) -> None:
    await queue_verification()
    mail_goes_to(f"smtp://127.0.0.1:{silent_port}")
    killed = await start_sender(sender_environment())

    async def is_claimed() -> bool:
        return (await outbox())[0]["claimed_until"] is not None

    await until(is_claimed)
    os.kill(killed.pid, signal.SIGKILL)
    assert await killed.wait() == -signal.SIGKILL

    mail_goes_to(mail_server.url)
    assert await send_due_mails() == 0, "the lease holds"
    await time_passes(2.1)
    other = await start_sender(sender_environment())
    assert await other.wait() == 0
    (row,) = await outbox()
    assert [message["Message-ID"] for message in mail_server.received] == [row["message_id"]]
    assert row["sent_at"] is not None
    assert row["attempts"] == 2


async def test_a_mail_whose_senders_always_die_is_given_up(
    mail_server: RealMailServer,
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
) -> None:
    mail_goes_to(mail_server.url)
    await queue_verification()
    await DB.execute("UPDATE outbox_mails SET attempts = 5")
    assert await send_due_mails() == 0
    assert [letter.last_error for letter in await dead_letters()] == ["the sending process ended each time"]


async def test_senders_in_parallel_send_each_mail_once(
    mail_server: RealMailServer,
    mail_goes_to: MailGoesTo,
    queue_verification: QueueVerification,
    sender_environment: SenderEnvironment,
) -> None:
    mail_goes_to(mail_server.url)
    for number in range(30):
        await queue_verification(f"shopper{number}@example.com")
    processes = [await start_sender(sender_environment()) for _ in range(2)]
    counts = await asyncio.gather(*(send_due_mails(limit=100) for _ in range(3)))
    assert [await process.wait() for process in processes] == [0, 0]
    assert sum(counts) <= 30
    times_received = Counter(message["Message-ID"] for message in mail_server.received)
    assert len(times_received) == 30
    assert set(times_received.values()) == {1}


async def test_a_silent_server_does_not_hold_the_sender_for_long(
    mail_goes_to: MailGoesTo, queue_verification: QueueVerification, silent_port: int
) -> None:
    mail_goes_to(f"smtp://127.0.0.1:{silent_port}")
    await queue_verification()
    async with asyncio.timeout(60):
        assert await send_due_mails() == 0
    (row,) = await outbox()
    assert "imeout" in row["last_error"]


async def test_the_password_of_the_mail_server_is_never_sent_unencrypted(
    mail_goes_to: MailGoesTo, queue_verification: QueueVerification
) -> None:
    tried: list[object] = []

    def remember(server: object, session: object, envelope: object, mechanism: str, data: object) -> object:
        tried.append(data)
        return AuthResult(success=True)

    with RealMailServer().listening(authenticator=remember, auth_require_tls=False) as server:
        mail_goes_to(f"smtp://patron:very%20secret@127.0.0.1:{server.port}")
        await queue_verification()
        assert await send_due_mails() == 0
    assert tried == []
    assert server.received == []
    assert "STARTTLS" in (await outbox())[0]["last_error"]
