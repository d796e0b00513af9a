"""Forgetting what is held under the e-mails and names of a person, and not under their id (domain.md 13)."""

import uuid

from app.personal_data.known_as import KnownAs, is_mail_to_them, is_theirs
from app.personal_data.mentions import Mentions
from tables.engine import DB

# What stands on orders instead of the e-mail; mail can never go there (RFC 6761, 6.4).
FORGOTTEN_EMAIL = "deleted@deleted.invalid"


def _theirs(email: str, at: str) -> str:
    return is_theirs(email, at, "$1", "$2")


_FORGET_MAILS = f"DELETE FROM outbox_mails o WHERE {is_mail_to_them('$3::uuid', '$1', '$2')}"
# Mails to others that name the person: what is out keeps no text anyway, and its subject goes. What was given up
# goes as a whole: staff could send again what is left of it.
_FORGET_SUBJECTS = """
    UPDATE outbox_mails SET subject = '', text_body = '', html_body = ''
    WHERE id = ANY($1::uuid[]) AND sent_at IS NOT NULL
"""
_FORGET_GIVEN_UP = """
    DELETE FROM outbox_mails WHERE id = ANY($1::uuid[]) AND sent_at IS NULL AND gave_up_at IS NOT NULL
"""
_FORGET_REMINDERS = f"DELETE FROM reminder_requests WHERE {_theirs('email_canonical', 'requested_at')}"
_FORGET_INVITATIONS = f"DELETE FROM invitations WHERE {_theirs('email_canonical', 'created_at')}"
_FORGET_USES = f"UPDATE promotion_uses SET used_by = $3 WHERE {_theirs('used_by', 'used_at')}"
# In the order in which the worker takes them.
_LOCK_LINES = f"""
    SELECT l.id FROM user_import_lines l JOIN user_imports i ON i.id = l.user_import
    WHERE {_theirs("lower(l.content ->> 'email')", "i.created_at")} ORDER BY l.user_import, l.number FOR UPDATE OF l
"""  # only constants of this package are put in
_FORGET_LINES = "DELETE FROM user_import_lines WHERE id = ANY($1::uuid[]) RETURNING user_import, result"
_COUNT_WITHOUT = "UPDATE user_imports SET lines = lines - $2, lines_done = lines_done - $3 WHERE id = $1"


async def forget_emails(user_id: uuid.UUID | None, mentions: Mentions) -> None:
    """Empties the outbox of mails to and about a user, or a guest, and forgets what waits or counts under their
    e-mails, in the current transaction."""
    known = mentions.known
    theirs = (known.emails, known.until)
    # First: of a file that is just being worked off this waits for those lines, and then finds whom they invited.
    await _forget_lines(known)
    await DB.execute(_FORGET_MAILS, *theirs, user_id)
    await DB.execute(_FORGET_SUBJECTS, mentions.mails)
    await DB.execute(_FORGET_GIVEN_UP, mentions.mails)
    await DB.execute(_FORGET_REMINDERS, *theirs)
    await DB.execute(_FORGET_INVITATIONS, *theirs)
    await DB.execute(_FORGET_USES, *theirs, FORGOTTEN_EMAIL)


async def _forget_lines(known: KnownAs) -> None:
    """Takes the person out of the files of people to invite, which then count the other lines only."""
    lines = [row["id"] for row in await DB.fetch(_LOCK_LINES, known.emails, known.until)]
    results: dict[uuid.UUID, list[str]] = {}
    for row in await DB.fetch(_FORGET_LINES, lines):
        results.setdefault(row["user_import"], []).append(row["result"])
    for key in sorted(results):
        done = sum(1 for result in results[key] if result)
        await DB.execute(_COUNT_WITHOUT, key, len(results[key]), done)
