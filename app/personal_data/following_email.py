"""Open requests follow the e-mail of their person, so that nobody else reads what they lead to.

The link to confirm, and the mail that an archive is ready, go to the mailbox that is the person's now: whoever has
only the old one, or had the account for a while, gets nothing (security.md, Tokens in links).
"""

import uuid

from app.audit import record
from app.customers.emails import canonical_email
from app.personal_data.people import subject_of_user
from app.personal_data.requests import application_of_request, ask, requests_of_user
from tables import DataRequestOrigin, DataRequestState
from tables.engine import DB

_FOLLOW = """
    UPDATE personal_data_requests SET email = $2, email_canonical = $3, version = version + 1
    WHERE "user" = $1 AND state IN ('asked', 'confirmed') AND email <> $2
"""
_WITHDRAW = """
    UPDATE personal_data_requests SET state = $3, finished_at = now(), version = version + 1
    WHERE "user" = $1 AND state IN ('asked', 'confirmed')
      AND coalesce(confirmed_at, requested_at) >= (SELECT created_at FROM link_tokens WHERE id = $2)
    RETURNING number, kind
"""


async def requests_follow_email(user_id: uuid.UUID) -> None:
    """Gives the open requests of a user their e-mail of now, in the current transaction.

    Links to confirm that lie in the old mailbox stop working; a new one is mailed for those that still worked.
    """
    subject = await subject_of_user(user_id)
    if subject is None:
        return
    for one in await requests_of_user(user_id):
        if one.state is DataRequestState.ASKED and not one.is_expired and one.email != subject.email:
            application = application_of_request(one)
            await ask(
                one.kind, subject, DataRequestOrigin.ACCOUNT, application=application, language=one.language
            )
    await DB.execute(_FOLLOW, user_id, subject.email, canonical_email(subject.email))


async def withdraw_requests_since(link_id: uuid.UUID, user_id: uuid.UUID) -> None:
    """Takes back, in the current transaction, the open requests of a user that were asked or confirmed since a link
    was made: whoever took the account over meanwhile may have had its data copied or deleted."""
    for row in await DB.fetch(_WITHDRAW, user_id, link_id, DataRequestState.WITHDRAWN.value):
        after = {"number": row["number"], "kind": row["kind"]}
        await record("data request withdrawn", user_id=user_id, after=after)
