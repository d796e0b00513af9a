"""Sends what is due in the outbox, at least once and hardly ever twice (security.md, Concurrency and faults).

A sender claims one mail at a time with a lease. When it dies, the lease runs out and another sender sends the
mail with the same Message-ID. All times are the database's, so that senders on several hosts agree.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog
from aiosmtplib import SMTPException

from app.mail.mail_folder import MailFolder
from app.mail.mail_server import MailServer, ServerUnreachable
from app.mail.message import QueuedMail, Undeliverable
from app.settings import settings
from tables.engine import DB

log = structlog.get_logger(__name__)

# Minutes to wait after the first, second … failure; after one more the mail goes to the dead letters.
WAITS = (1, 5, 15, 60)
ATTEMPTS = len(WAITS) + 1
# Seconds for one mail, all answers of the server together: well inside the lease of two minutes.
LONGEST_DELIVERY = 60

CLAIM = """
    UPDATE outbox_mails SET claimed_until = now() + interval '2 minutes', attempts = attempts + 1
    WHERE id = (
        SELECT id FROM outbox_mails
        WHERE sent_at IS NULL AND gave_up_at IS NULL AND due_at <= now()
          AND (claimed_until IS NULL OR claimed_until <= now())
        ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id, message_id, application, kind, language, to_email, to_name, subject, text_body, html_body,
              unsubscribe_link, created_at, attempts
"""
# Links that act for a person are not kept once the mail is out.
SENT = """
    UPDATE outbox_mails
    SET sent_at = now(), claimed_until = NULL, last_error = '', text_body = '', html_body = '',
        unsubscribe_link = ''
    WHERE id = $1
"""
# A lease that has run out belongs to somebody else: the number of attempts says whose turn it is.
LATER = """
    UPDATE outbox_mails SET due_at = now() + make_interval(mins => $3), claimed_until = NULL, last_error = $4
    WHERE id = $1 AND attempts = $2 AND sent_at IS NULL
"""
GIVE_UP = """
    UPDATE outbox_mails SET gave_up_at = now(), claimed_until = NULL, last_error = $3
    WHERE id = $1 AND attempts = $2 AND sent_at IS NULL
"""
# What one sender gave up another may have sent; of that nothing is left to send.
RETRY = """
    UPDATE outbox_mails SET gave_up_at = NULL, claimed_until = NULL, due_at = now(), attempts = 0
    WHERE id = $1 AND gave_up_at IS NOT NULL AND sent_at IS NULL
"""
DEAD_LETTERS = """
    SELECT id, application, kind, to_email, to_name, subject, attempts, created_at, gave_up_at, last_error
    FROM outbox_mails WHERE gave_up_at IS NOT NULL ORDER BY gave_up_at DESC, id DESC LIMIT $1
"""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A mail that could not be sent, for the staff; its text is not shown to them."""

    id: UUID
    application: str
    kind: str
    to_email: str
    to_name: str
    subject: str
    attempts: int
    created_at: datetime
    gave_up_at: datetime
    last_error: str


class Carrier(Protocol):
    """What takes mails away: the mail server or the folder of mail files."""

    async def deliver(self, mail: QueuedMail) -> None:
        """Returns when the mail is out of our hands."""

    async def close(self) -> None:
        """Ends the connection."""


async def send_due_mails(limit: int = 20) -> int:
    """Sends at most `limit` due mails over one connection; how many went out.

    Stops early when the mail server cannot be reached. Raises only DatabaseUnavailable.
    """
    url = settings().smtp_url
    carrier: Carrier = MailServer(url) if url else MailFolder()
    sent = 0
    try:
        for _ in range(limit):
            mail = await _claim_next()
            if mail is None:
                break
            try:
                sent += await _send(mail, carrier)
            except ServerUnreachable:
                break
    finally:
        await carrier.close()
    return sent


async def retry_mail(mail_id: UUID) -> bool:
    """Makes a dead letter due again, with all its attempts. False when it is none (any more)."""
    return await DB.execute(RETRY, mail_id) == 1


async def dead_letters(limit: int = 200) -> list[DeadLetter]:
    """The mails that were given up, the latest first."""
    return [DeadLetter(**row) for row in await DB.fetch(DEAD_LETTERS, limit)]


async def _claim_next() -> QueuedMail | None:
    row = await DB.fetch_row(CLAIM)
    return QueuedMail.from_row(row) if row else None


async def _send(mail: QueuedMail, carrier: Carrier) -> bool:
    if mail.attempts > ATTEMPTS:
        # Its senders died each time before they could say why.
        await _give_up(mail, "the sending process ended each time")
        return False
    try:
        async with asyncio.timeout(LONGEST_DELIVERY):
            await carrier.deliver(mail)
    except Undeliverable as reason:
        await _give_up(mail, str(reason))
        return False
    except ServerUnreachable as error:
        await _try_later(mail, str(error))
        raise
    except Exception as error:  # whatever is wrong with one mail, the others must go out
        # Anything else than these is a mistake of ours.
        if not isinstance(error, SMTPException | OSError):
            log.exception("mail_failed", mail=str(mail.id), kind=mail.kind)
        await _try_later(mail, f"{type(error).__name__}: {error}")
        return False
    await DB.execute(SENT, mail.id)
    log.info("mail_sent", mail=str(mail.id), kind=mail.kind, attempts=mail.attempts)
    return True


async def _try_later(mail: QueuedMail, reason: str) -> None:
    if mail.attempts >= ATTEMPTS:
        await _give_up(mail, reason)
        return
    wait = WAITS[mail.attempts - 1]
    await DB.execute(LATER, mail.id, mail.attempts, wait, _storable(reason))
    log.warning(
        "mail_delayed",
        mail=str(mail.id),
        kind=mail.kind,
        attempts=mail.attempts,
        minutes=wait,
        reason=reason,
    )


async def _give_up(mail: QueuedMail, reason: str) -> None:
    await DB.execute(GIVE_UP, mail.id, mail.attempts, _storable(reason))
    log.error("mail_given_up", mail=str(mail.id), kind=mail.kind, attempts=mail.attempts, reason=reason)


def _storable(reason: str) -> str:
    """What a server said, without the NUL that PostgreSQL cannot store, and of a bearable length."""
    return reason.replace("\x00", "")[:1000]
