"""The outbox: a mail is written in the transaction that causes it, so that both happen or neither.

`app/mail/sender.py` sends it afterwards; SMTP being down never fails a page (security.md, Concurrency and
faults).
"""

from urllib.parse import urlsplit

from app.applications import Application
from app.mail.rendering import one_line, render_mail
from tables.engine import DB
from tables.keys import new_key

LONGEST_NAME = 250

QUEUE = """
    INSERT INTO outbox_mails (id, message_id, application, kind, language, to_email, to_name, subject,
                              text_body, html_body, unsubscribe_link, created_at, due_at, attempts, last_error)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now(), now(), 0, '')
"""


async def queue_mail(
    *, application: Application, kind: str, to_email: str, to_name: str, language: str, **context: object
) -> None:
    """Writes one mail into the outbox, in the current transaction.

    `to_email` is the address stored with the user, not one that somebody has just typed (security.md, Input).
    `context` is what `app.mail.rendering.KINDS` names for the kind; links are absolute and start with the
    application's configured URL. Raises ValueError for an address with control characters and
    jinja2.UndefinedError for a name that is missing in the context.
    """
    if "@" not in to_email or not to_email.isprintable():
        raise ValueError("a mail needs the address of its recipient, without control characters")
    mail = render_mail(application, kind, language, context)
    key = new_key()
    await DB.execute(
        QUEUE,
        key,
        f"<{key.hex}@{_message_host(application.url)}>",
        application.id,
        kind,
        language,
        to_email,
        one_line(to_name)[:LONGEST_NAME],
        mail.subject,
        mail.text,
        mail.html,
        # KINDS says which kinds have one: every mail that advertises, and no other.
        str(context.get("unsubscribe_link", "")),
    )


def _message_host(url: str) -> str:
    """The host of the application as the right side of a Message-ID (RFC 5322, 3.6.4), in ASCII."""
    host = urlsplit(url).hostname or "localhost"
    if ":" in host:
        return f"[IPv6:{host}]"
    return host.encode("idna").decode("ascii")
