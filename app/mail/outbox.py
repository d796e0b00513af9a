"""The outbox: a mail is written in the transaction that causes it, so that both happen or neither.

`app/mail/sender.py` sends it afterwards; SMTP being down never fails a page (security.md, Concurrency and
faults).
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.applications import DEFAULT_MAIL_DAYS, Application, all_applications
from app.mail.rendering import one_line, render_mail
from tables.engine import DB
from tables.keys import new_key

LONGEST_NAME = 250
# Letters that are rendered without letting the pages of this process go on in between.
RENDERED_AT_ONCE = 10

QUEUE = """
    INSERT INTO outbox_mails (id, message_id, application, kind, language, user_id, to_email, to_name, subject,
                              text_body, html_body, unsubscribe_link, created_at, due_at, attempts, last_error)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(), now(), 0, '')
"""

# Many of one kind in one statement.
QUEUE_MANY = """
    INSERT INTO outbox_mails (id, message_id, application, kind, language, user_id, to_email, to_name, subject,
                              text_body, html_body, unsubscribe_link, created_at, due_at, attempts, last_error)
    SELECT m.id, m.message_id, $1, $2, m.language, m.user_id, m.to_email, m.to_name, m.subject, m.text_body,
           m.html_body, m.unsubscribe_link, now(), now(), 0, ''
    FROM unnest($3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[],
                $11::text[], $12::text[])
         AS m(id, message_id, language, user_id, to_email, to_name, subject, text_body, html_body, unsubscribe_link)
"""

# Mails that are deleted in one statement: well inside the time that a statement has.
DELETED_AT_ONCE = 10_000
_NEXT_APPLICATION = "SELECT min(application) FROM outbox_mails WHERE application > $1"
# What somebody holds is left to the next time (tables/lock_order.py).
_DELETE_OLD = f"""
    DELETE FROM outbox_mails WHERE id = ANY(ARRAY(
        SELECT id FROM outbox_mails
        WHERE application = $1 AND coalesce(sent_at, gave_up_at) <= now() - make_interval(days => $2)
        ORDER BY coalesce(sent_at, gave_up_at) LIMIT {DELETED_AT_ONCE} FOR UPDATE SKIP LOCKED))
"""  # only a constant of this module is put in


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One of many mails of a kind: who gets it, and what is in it. `user_id` is None for who has no login."""

    user_id: uuid.UUID | None
    to_email: str
    to_name: str
    language: str
    context: Mapping[str, object]


async def queue_mail(
    *,
    application: Application,
    kind: str,
    user_id: uuid.UUID | None,
    to_email: str,
    to_name: str,
    language: str,
    **context: object,
) -> None:
    """Writes one mail into the outbox, in the current transaction.

    `user_id` says whose mail it is, so that it is found when they ask for their data with another e-mail (domain.md
    13); None for who has no login.
    `to_email` is the address stored with the user, not one that somebody has just typed (security.md, Input).
    `context` is what `app.mail.rendering.KINDS` names for the kind; links are absolute and start with the
    application's configured URL. Raises ValueError for an address with control characters and
    jinja2.UndefinedError for a name that is missing in the context.
    """
    letter = Letter(user_id=user_id, to_email=to_email, to_name=to_name, language=language, context=context)
    row = _row(application, kind, letter)
    key, message_id, *rest = row
    await DB.execute(QUEUE, key, message_id, application.id, kind, *rest)


async def queue_mails(application: Application, kind: str, letters: Sequence[Letter]) -> None:
    """Writes many mails of one kind into the outbox, in the current transaction. Raises as `queue_mail`."""
    rows = []
    for n, letter in enumerate(letters):
        if n % RENDERED_AT_ONCE == 0:
            await asyncio.sleep(0)
        rows.append(_row(application, kind, letter))
    if rows:
        await DB.execute(QUEUE_MANY, application.id, kind, *map(list, zip(*rows, strict=True)))


async def delete_old_mails() -> int:
    """Deletes mails that went out, or were given up, as many days ago as their application sets; how many. A job of
    the worker.

    Until then staff see what went to whom, and can send again what did not arrive. What waits stays. Mails of an
    application that is gone are kept for the days of one that sets none.
    """
    days = {one.id: one.mail_days for one in all_applications()}
    deleted = 0
    application = ""
    while application := await DB.fetch_value(_NEXT_APPLICATION, application) or "":
        while gone := await DB.execute(_DELETE_OLD, application, days.get(application, DEFAULT_MAIL_DAYS)):
            deleted += gone
    return deleted


def _row(
    application: Application, kind: str, letter: Letter
) -> tuple[uuid.UUID, str, str, uuid.UUID | None, str, str, str, str, str, str]:
    """Key, message id, language, user, address, name, subject, text, HTML and the link to unsubscribe."""
    if "@" not in letter.to_email or not letter.to_email.isprintable():
        raise ValueError("a mail needs the address of its recipient, without control characters")
    mail = render_mail(application, kind, letter.language, dict(letter.context))
    key = new_key()
    return (
        key,
        f"<{key.hex}@{_message_host(application.url)}>",
        letter.language,
        letter.user_id,
        letter.to_email,
        one_line(letter.to_name)[:LONGEST_NAME],
        mail.subject,
        mail.text,
        mail.html,
        # KINDS says which kinds have one: every mail that advertises, and no other.
        str(letter.context.get("unsubscribe_link", "")),
    )


def _message_host(url: str) -> str:
    """The host of the application as the right side of a Message-ID (RFC 5322, 3.6.4), in ASCII."""
    host = urlsplit(url).hostname or "localhost"
    if ":" in host:
        return f"[IPv6:{host}]"
    return host.encode("idna").decode("ascii")
