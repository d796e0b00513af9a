"""By which e-mails and names somebody was known: what is held of them may stand under an earlier one (domain.md 13).

An e-mail that a person has given up may be somebody else's since. What is held under it is the person's up to the
last moment at which the shop knew it as theirs.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.customers.emails import canonical_email
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAs:
    """`emails` are in small letters, as they were stored and canonical; beside each stands until when it was the
    person's, None for as long as there is anything. `names` are first and last names together."""

    emails: Sequence[str]
    until: Sequence[datetime | None]
    names: Sequence[str] = field(default_factory=tuple)


# Entries about a user name the e-mails of nobody else.
_EMAILS = """
    SELECT u.email, NULL::timestamptz AS until FROM users u WHERE u.id = $1 AND u.anonymised_at IS NULL
    UNION ALL SELECT d.email, NULL FROM departures d WHERE d."user" = $1 AND d.email <> ''
    UNION ALL SELECT n.email, a.happened_at FROM audit_entries a, LATERAL (
        VALUES (a.before ->> 'email'), (a.after ->> 'email')) n(email)
    WHERE a.user_id = $1 AND n.email IS NOT NULL
    UNION ALL SELECT o.email, o.placed_at FROM orders o WHERE o."user" = $1
"""
_NAMES = """
    SELECT u.first_name, u.last_name, true AS is_now FROM users u WHERE u.id = $1
    UNION ALL SELECT n.first_name, n.last_name, false FROM audit_entries a, LATERAL (
        VALUES (a.before ->> 'first_name', a.before ->> 'last_name'),
               (a.after ->> 'first_name', a.after ->> 'last_name')) n(first_name, last_name)
    WHERE a.user_id = $1 AND a.action = 'profile changed'
    ORDER BY is_now DESC
"""
_NAMES_OF_GUEST = """
    SELECT DISTINCT buyer_name FROM orders
    WHERE email_canonical = $1 AND "user" IS NULL AND customer IS NULL AND buyer_name <> '' ORDER BY buyer_name
"""


async def known_as(user_id: uuid.UUID | None, email: str) -> KnownAs:
    """By what a user was known until now, or a guest with this e-mail. Of who is forgotten nothing tells it."""
    rows: list[dict[str, Any]] = [{"email": email, "until": None}]
    if user_id is not None:
        rows += await DB.fetch(_EMAILS, user_id)
    until: dict[str, datetime | None] = {}
    for row in rows:
        for form in (str(row["email"]).lower(), canonical_email(row["email"])):
            before = until.get(form, row["until"])
            until[form] = None if before is None or row["until"] is None else max(before, row["until"])
    names = await _names_of(user_id) if user_id is not None else await _names_of_guest(email)
    emails = sorted(until)
    return KnownAs(emails=emails, until=[until[one] for one in emails], names=names)


def is_theirs(email: str, at: str, emails: str, until: str) -> str:
    """Whether an e-mail was the person's at a time, as a part of a statement. All four are parts of it too: `email`
    a canonical one, or one in small letters; `emails` and `until` as in KnownAs. Never what somebody has typed.

    The first condition is what an index can serve.
    """
    return f"""({email} = ANY({emails}::text[]) AND EXISTS (
        SELECT FROM unnest({emails}::text[], {until}::timestamptz[]) AS known(email, until)
        WHERE known.email = {email} AND (known.until IS NULL OR {at} <= known.until)))"""


def is_mail_to_them(user: str, emails: str, until: str) -> str:
    """Whether a mail o of the outbox was to the person, as a part of a statement; all are parts of it.

    Mails of who has no login, those that were written before a mail said whose it is, and those of users who were
    deleted are known by the address.
    """
    return f"""(o.user_id = {user}
                OR ((o.user_id IS NULL OR NOT EXISTS (SELECT FROM users u WHERE u.id = o.user_id))
                    AND {is_theirs("lower(o.to_email)", "o.created_at", emails, until)}))"""


async def _names_of_guest(email: str) -> list[str]:
    return [str(row["buyer_name"]) for row in await DB.fetch(_NAMES_OF_GUEST, canonical_email(email))]


async def _names_of(user_id: uuid.UUID) -> list[str]:
    rows = await DB.fetch(_NAMES, user_id)
    # Either part may have changed alone. A single word is no name to look for, unless it is all that there is.
    first, last = ({row[part] or "" for row in rows} for part in ("first_name", "last_name"))
    whole = {f"{one} {other}" for one in first for other in last if one and other}
    now = " ".join(part for part in (rows[0]["first_name"], rows[0]["last_name"]) if part) if rows else ""
    return sorted((whole | {now}) - {""})
