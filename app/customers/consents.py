"""What a person agreed to, and when (domain.md 4, Consent). Rows are only added: the newest of a kind counts."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.applications import Application
from tables.customers import ConsentKind
from tables.engine import DB
from tables.keys import new_key

_RECORD = """
    INSERT INTO consents (id, "user", kind, is_given, document_version, application, unsubscribe_key, recorded_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, now())
"""


async def accept_terms(user_id: uuid.UUID, application: Application) -> None:
    """Notes that a person accepts the application's terms and privacy policy in today's versions."""
    for kind in (ConsentKind.TERMS, ConsentKind.PRIVACY):
        await _record(user_id, kind, True, application.terms_version, application)


async def want_newsletter(user_id: uuid.UUID, application: Application) -> uuid.UUID:
    """Notes that a person wants the newsletter; gives the key by which the links in its mails end it."""
    # Made at random as a whole: parts of the ids of rows can be guessed (RFC 9562, 8).
    key = uuid.uuid4()
    await _record(user_id, ConsentKind.NEWSLETTER, True, "", application, key)
    return key


async def refuse_newsletter(user_id: uuid.UUID, application: Application) -> None:
    """Notes that a person does not want the newsletter, or no longer."""
    await _record(user_id, ConsentKind.NEWSLETTER, False, "", application)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedConsent:
    """One word of a person. The time is UTC."""

    kind: str
    is_given: bool
    document_version: str
    application: str
    recorded_at: datetime


async def consents_of(user_id: uuid.UUID) -> list[RecordedConsent]:
    """The whole history of a person's words, the newest first."""
    rows = await DB.fetch(
        "SELECT kind, is_given, document_version, application, recorded_at FROM consents"
        ' WHERE "user" = $1 ORDER BY recorded_at DESC, id DESC',
        user_id,
    )
    return [RecordedConsent(**row) for row in rows]


async def _record(
    user_id: uuid.UUID,
    kind: ConsentKind,
    is_given: bool,
    version: str,
    application: Application,
    unsubscribe_key: uuid.UUID | None = None,
) -> None:
    await DB.execute(
        _RECORD, new_key(), user_id, kind.value, is_given, version, application.id, unsubscribe_key
    )
