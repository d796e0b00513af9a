"""What goes when a change of the e-mail is undone: all that opens the account and came since (domain.md 6).

The rule, here and nowhere else. Whoever changed the e-mail had the account until the undo, and must not come
back whatever the new password is; the owner must come back whatever was set up meanwhile.

- The password is forgotten, since whoever changed the e-mail knew it, and the mail about the undo tells them
  to hurry. The undo leads to a new one.
- Passkeys and an authenticator that came since the change go, the recovery codes with their authenticator. So
  does an authenticator that was begun and not confirmed: its key was shown.
- Where the authenticator is older than the change it stays: it is the owner's. Recovery codes that were made
  since are not, and go; the authenticator makes new ones.
- An authenticator that the owner had and that was removed or replaced since cannot be brought back: its key
  was deleted with it. The owner is told, and comes in by the new password alone: the mailbox is theirs, and
  locking them out would leave the account to nobody.
- Browsers that came since are new ones again, so that a sign-in from there is told by mail.

What was set up before the change stays, and was told to the owner's address by a mail of its own.
"""

import uuid
from dataclasses import dataclass

from app.applications import Application
from app.audit import record
from app.sign_in.link_tokens import Link
from app.sign_in.passkeys import remove_passkeys_since
from app.sign_in.security_mails import SecurityChange, tell_security_change
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What became of the second factor, for the person to be told."""

    # One that came since the change is gone, with its recovery codes.
    authenticator_is_removed: bool = False
    # The one that the owner had at the change is not there any more.
    own_authenticator_is_lost: bool = False
    # The owner's authenticator works, without recovery codes.
    recovery_codes_are_removed: bool = False


NOTHING_TAKEN_BACK = TakenBack()

_AUTHENTICATOR = 'SELECT id FROM second_factors WHERE "user" = $1 AND confirmed_at IS NOT NULL'
# Locked, so that new recovery codes are not made meanwhile (app/sign_in/second_factor.py).
_LOCK_AUTHENTICATOR = 'SELECT id FROM second_factors WHERE "user" = $1 FOR UPDATE'
_SINCE = "(SELECT created_at FROM link_tokens WHERE id = $2)"
_REMOVE_AUTHENTICATOR = f"""
    DELETE FROM second_factors WHERE "user" = $1 AND (confirmed_at IS NULL OR confirmed_at >= {_SINCE})
    RETURNING confirmed_at IS NOT NULL AS was_in_use
"""  # only constants of this module are put in
# Keys sort by the time at which they were made (tables/keys.py).
_REMOVE_NEW_CODES = 'DELETE FROM recovery_codes WHERE "user" = $1 AND id >= $2'
_FORGET_BROWSERS = f'DELETE FROM known_devices WHERE "user" = $1 AND first_used_at >= {_SINCE}'


async def authenticator_in_use(user_id: uuid.UUID) -> str:
    """Which authenticator a user has, for the link to undo to keep; "" for none."""
    return str(await DB.fetch_value(_AUTHENTICATOR, user_id) or "")


async def take_back_since(link: Link, user_id: uuid.UUID, application: Application) -> TakenBack:
    """Takes back what came since a link to undo was made, in the current transaction, which holds the user.

    The owner is told by mail of each thing that went. Sessions are for the caller to end.
    """
    await DB.execute("UPDATE users SET password_hash = NULL WHERE id = $1", user_id)
    await remove_passkeys_since(link.id, user_id, application)
    await DB.execute(_FORGET_BROWSERS, user_id, link.id)
    taken_back = await _take_back_second_factor(link, user_id)
    if taken_back.authenticator_is_removed:
        await record("second factor removed", user_id=user_id)
        await tell_security_change(user_id, SecurityChange.SECOND_FACTOR_TAKEN_BACK, application)
    if taken_back.own_authenticator_is_lost:
        await tell_security_change(user_id, SecurityChange.SECOND_FACTOR_LOST, application)
    if taken_back.recovery_codes_are_removed:
        await record("recovery codes removed", user_id=user_id)
        await tell_security_change(user_id, SecurityChange.RECOVERY_CODES_TAKEN_BACK, application)
    return taken_back


async def _take_back_second_factor(link: Link, user_id: uuid.UUID) -> TakenBack:
    await DB.execute(_LOCK_AUTHENTICATOR, user_id)
    removed = await DB.fetch(_REMOVE_AUTHENTICATOR, user_id, link.id)
    now = await authenticator_in_use(user_id)
    codes = await DB.execute(_REMOVE_NEW_CODES, user_id, link.id)
    had = str(link.details.get("authenticator", ""))
    return TakenBack(
        authenticator_is_removed=any(one["was_in_use"] for one in removed),
        own_authenticator_is_lost=had not in ("", now),
        recovery_codes_are_removed=bool(codes) and now != "",
    )
