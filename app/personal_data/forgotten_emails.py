"""Forgetting what is held under the e-mails and names of a person, and not under their id (domain.md 13)."""

import uuid

from app.personal_data.known_as import KnownAs, is_theirs
from tables.engine import DB

# What stands on orders instead of the e-mail; mail can never go there (RFC 6761, 6.4).
FORGOTTEN_EMAIL = "deleted@deleted.invalid"


def _theirs(email: str, at: str) -> str:
    return is_theirs(email, at, "$1", "$2")


# Mails of who has no login, and those that were written before a mail said whose it is, are known by the address.
_FORGET_MAILS = f"""
    DELETE FROM outbox_mails WHERE user_id = $3 OR (user_id IS NULL AND {_theirs("to_email", "created_at")})
"""
# Mails to others that name the person: what is out keeps no text anyway, and its subject goes.
_FORGET_SUBJECTS = """
    UPDATE outbox_mails SET subject = '', text_body = '', html_body = ''
    WHERE (sent_at IS NOT NULL OR gave_up_at IS NOT NULL)
      AND EXISTS (SELECT FROM unnest($1::text[]) AS word WHERE strpos(lower(subject || text_body), lower(word)) > 0)
"""
_FORGET_REMINDERS = f"DELETE FROM reminder_requests WHERE {_theirs('email_canonical', 'requested_at')}"
_FORGET_INVITATIONS = f"DELETE FROM invitations WHERE {_theirs('email_canonical', 'created_at')}"
_FORGET_USES = f"UPDATE promotion_uses SET used_by = $3 WHERE {_theirs('used_by', 'used_at')}"
# In the order in which the worker takes them.
_LOCK_LINES = f"""
    SELECT l.id FROM user_import_lines l JOIN user_imports i ON i.id = l.user_import
    WHERE {_theirs("(l.content ->> 'email')", "i.created_at")} ORDER BY l.user_import, l.number FOR UPDATE OF l
"""  # only constants of this package are put in
_FORGET_LINES = "DELETE FROM user_import_lines WHERE id = ANY($1::uuid[]) RETURNING user_import, result"
_COUNT_WITHOUT = "UPDATE user_imports SET lines = lines - $2, lines_done = lines_done - $3 WHERE id = $1"


async def forget_emails(user_id: uuid.UUID | None, known: KnownAs) -> None:
    """Empties the outbox of mails to and about a user, or a guest, and forgets what waits or counts under their
    e-mails, in the current transaction."""
    theirs = (known.emails, known.until)
    # First: of a file that is just being worked off this waits for those lines, and then finds whom they invited.
    await _forget_lines(known)
    await DB.execute(_FORGET_MAILS, *theirs, user_id)
    await DB.execute(_FORGET_SUBJECTS, [*known.emails, *known.names])
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
