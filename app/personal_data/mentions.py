"""Where somebody who is to be forgotten is named without being pointed at (domain.md 13, Deletion).

Only reading tells: every entry without a user or with a reason, and every mail. So it is read before anything is
locked, some rows at a time; what is written meanwhile is read again with the locks held.
"""

import re
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.personal_data.known_as import KnownAs
from tables.engine import DB

# Rows read in one statement: well inside the time that a statement has.
READ_AT_ONCE = 20_000
# Seconds that a transaction may have begun before what it writes can be read.
NOT_YET_TO_BE_SEEN = 600
NOBODY_YET = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mentions:
    """Keys of audit entries whose facts name the person, of those of which only the reason does, and of mails to
    others. `known` is what was looked for, `read_until` the key up to which nothing can be new."""

    known: KnownAs
    entries: Sequence[uuid.UUID]
    reasons: Sequence[uuid.UUID]
    mails: Sequence[uuid.UUID]
    read_until: uuid.UUID


def _names(words: str, emails: str, patterns: str) -> str:
    return f"""EXISTS (SELECT FROM unnest({emails}::text[], {patterns}::text[]) AS known(word, pattern)
                       WHERE strpos({words}, known.word) > 0 AND {words} ~ known.pattern)"""


def _names_in_time(words: str) -> str:
    return f"""EXISTS (SELECT FROM unnest($2::text[], $3::text[], $4::timestamptz[]) AS known(word, pattern, until)
                       WHERE strpos({words}, known.word) > 0 AND {words} ~ known.pattern
                         AND (known.until IS NULL OR happened_at <= known.until))"""


# What names an e-mail and no user: an invitation is recorded before there is one. In a reason staff may have named
# anybody. Of a guest nothing but the e-mail and the names on orders is known; of entries about others, names may be
# another's.
_ENTRIES = f"""
    WITH batch AS MATERIALIZED (
        SELECT id, happened_at, user_id, customer_id, lower(reason) AS reason,
               CASE WHEN user_id IS NULL THEN lower(before::text || after::text) ELSE '' END AS facts
        FROM audit_entries WHERE id > $1 AND (user_id IS NULL OR reason <> '') ORDER BY id LIMIT {READ_AT_ONCE})
    SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last,
           ARRAY(SELECT id FROM batch WHERE facts <> '{{}}{{}}' AND {_names_in_time("facts")}) AS entries,
           ARRAY(SELECT id FROM batch WHERE reason <> '' AND ({_names_in_time("reason")}
                     OR (user_id IS NULL AND customer_id IS NULL AND {_names("reason", "$5", "$6")}))) AS reasons
"""
_MAILS = f"""
    WITH batch AS MATERIALIZED (
        SELECT id, lower(subject || ' ' || text_body) AS words
        FROM outbox_mails WHERE id > $1 ORDER BY id LIMIT {READ_AT_ONCE})
    SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last,
           ARRAY(SELECT id FROM batch WHERE {_names("words", "$2", "$3")}) AS mails
"""  # only constants of this module are put in


async def mentions_of(known: KnownAs, *, is_guest: bool, after: uuid.UUID = NOBODY_YET) -> Mentions:
    """Where a person is named, among rows whose key is greater than `after`."""
    now_milliseconds = int((time.time() - NOT_YET_TO_BE_SEEN) * 1000)
    # What RFC 9562, 5.7 puts first into a key is its time.
    read_until = uuid.UUID(int=now_milliseconds << 80)
    emails = [known.emails, [whole(one) for one in known.emails]]
    names = [[one.lower() for one in known.names], [whole(one) for one in known.names]]
    words = [one.lower() for one in (*known.emails, *known.names)]
    entries: list[uuid.UUID] = []
    reasons: list[uuid.UUID] = []
    mails: list[uuid.UUID] = []
    async for found in _batches(_ENTRIES, after, *emails, known.until, *(names if is_guest else ([], []))):
        entries += found["entries"]
        reasons += found["reasons"]
    async for found in _batches(_MAILS, after, words, [whole(one) for one in words]):
        mails += found["mails"]
    return Mentions(known=known, entries=entries, reasons=reasons, mails=mails, read_until=read_until)


async def _batches(statement: str, after: uuid.UUID, *arguments: object) -> AsyncIterator[dict[str, Any]]:
    """What one of the statements above finds, batch after batch, until it has read the last row."""
    found = await DB.fetch_row(statement, after, *arguments)
    while found is not None and found["last"] is not None:
        yield found
        found = await DB.fetch_row(statement, found["last"], *arguments)


async def mentions_until_now(known: KnownAs, before: Mentions | None, *, is_guest: bool) -> Mentions:
    """What was found before with what was written since; all anew if the person became known as something else."""
    if before is None or before.known != known:
        return await mentions_of(known, is_guest=is_guest)
    since = await mentions_of(known, is_guest=is_guest, after=before.read_until)
    return Mentions(
        known=known,
        entries=[*before.entries, *since.entries],
        reasons=[*before.reasons, *since.reasons],
        mails=[*before.mails, *since.mails],
        read_until=since.read_until,
    )


def whole(words: str) -> str:
    """A pattern of PostgreSQL, for texts in small letters, of this e-mail or name and none that only begins or ends
    with it."""
    return rf"(?<![[:alnum:]._%+'-]){re.escape(words.lower())}(?![[:alnum:]-]|\.[[:alnum:]])"
