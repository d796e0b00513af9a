"""The passkeys of a user: several, each with a name, added and removed by their owner (security.md, Sign-in).

A passkey is bound to the host of the configured address, never to what a request says of its host, so that a
copy of our pages elsewhere gets nothing.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.access import Account, SignInNeeded
from app.applications import Application
from app.audit import record
from app.sign_in.passkey_challenges import BROKEN_ANSWER, Challenge, Purpose, new_challenge, use_challenge
from app.sign_in.security_mails import SecurityChange, tell_security_change
from tables.engine import DB
from tables.keys import new_key

MOST_OF_A_USER = 20
LONGEST_NAME = 80

_LOCK_SIGNED_IN = "SELECT id FROM users WHERE id = $1 AND session_epoch = $2 FOR NO KEY UPDATE"
_ADD = """
    INSERT INTO passkeys (id, "user", host, credential_id, public_key, sign_count, transports, name, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())
    ON CONFLICT (credential_id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A passkey as its owner sees it. Times are UTC; `last_used_at` is None before the first use."""

    id: uuid.UUID
    name: str
    host: str
    created_at: datetime
    last_used_at: datetime | None


async def passkeys_of(user_id: uuid.UUID) -> list[StoredPasskey]:
    """The user's passkeys, oldest first."""
    rows = await DB.fetch(
        'SELECT id, name, host, created_at, last_used_at FROM passkeys WHERE "user" = $1 ORDER BY created_at, id',
        user_id,
    )
    return [StoredPasskey(**row) for row in rows]


async def passkey_of(user_id: uuid.UUID, passkey_id: uuid.UUID) -> StoredPasskey | None:
    """One of the user's passkeys; None for somebody else's as for one that never was."""
    return next((one for one in await passkeys_of(user_id) if one.id == passkey_id), None)


async def has_passkey(user_id: uuid.UUID, application: Application) -> bool:
    """Whether the user has a passkey that works in this application."""
    found = await DB.fetch_value(
        'SELECT EXISTS (SELECT FROM passkeys WHERE "user" = $1 AND host = $2)', user_id, application.host
    )
    return bool(found)


async def options_to_add(account: Account, application: Application) -> tuple[Challenge, str]:
    """What the browser is asked for to make a passkey, as JSON (WebAuthn 5.4), with its challenge.

    It must be one that the device finds by itself, so that it signs in without a login; devices that have one
    of this user already are told so.
    """
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        PublicKeyCredentialDescriptor,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    known = await DB.fetch(
        'SELECT credential_id FROM passkeys WHERE "user" = $1 AND host = $2',
        account.user_id,
        application.host,
    )
    challenge = await new_challenge(application, Purpose.ADD, account.user_id)
    options = generate_registration_options(
        rp_id=application.host,
        rp_name=application.name,
        user_id=account.user_id.bytes,
        user_name=account.login,
        user_display_name=account.name,
        challenge=challenge.challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=bytes(one["credential_id"])) for one in known],
    )
    return challenge, options_to_json(options)


async def add_passkey(
    account: Account,
    application: Application,
    challenge_key: str,
    credential: str,
    name: str,
    user_agent: str,
) -> bool:
    """Adds the passkey that the browser has made for the challenge, and tells its owner by mail.

    False when the answer is not good: too late, answered before, for another site, known already, or one too
    many. Attestation is not asked for: which make of device somebody uses is not our business. Raises SignInNeeded
    when the session was ended meanwhile.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers import parse_registration_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = await use_challenge(application, Purpose.ADD, challenge_key, account.user_id)
    if challenge is None:
        return False
    try:
        sent = parse_registration_credential_json(credential)
        made = verify_registration_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=application.host,
            expected_origin=application.origin,
        )
    except (WebAuthnException, *BROKEN_ANSWER):
        return False
    transports = [one.value for one in sent.response.transports or ()]
    async with DB.transaction():
        # Locked, so that of many at once none is one too many, and none comes from a session that has just ended.
        if not await DB.fetch(_LOCK_SIGNED_IN, account.user_id, account.session_epoch):
            raise SignInNeeded
        if len(await passkeys_of(account.user_id)) >= MOST_OF_A_USER:
            return False
        added = await DB.execute(
            _ADD,
            new_key(),
            account.user_id,
            application.host,
            made.credential_id,
            made.credential_public_key,
            made.sign_count,
            transports,
            name,
        )
        if not added:
            return False
        await record("passkey added", user_id=account.user_id, after={"name": name})
        await tell_security_change(account.user_id, SecurityChange.PASSKEY_ADDED, application, user_agent)
    return True


async def rename_passkey(user_id: uuid.UUID, passkey_id: uuid.UUID, name: str) -> bool:
    """Gives a passkey of the user another name; False when the user has no such passkey."""
    renamed = await DB.execute(
        'UPDATE passkeys SET name = $3 WHERE id = $1 AND "user" = $2', passkey_id, user_id, name
    )
    return bool(renamed)


async def remove_passkey(
    user_id: uuid.UUID, passkey_id: uuid.UUID, application: Application, user_agent: str
) -> bool:
    """Removes a passkey of the user and tells its owner by mail; False when the user has no such passkey.

    Nothing else ends with it: sessions that it began go on, and other factors stay.
    """
    async with DB.transaction():
        removed = await DB.fetch_row(
            'DELETE FROM passkeys WHERE id = $1 AND "user" = $2 RETURNING name', passkey_id, user_id
        )
        if removed is None:
            return False
        await record("passkey removed", user_id=user_id, before={"name": removed["name"]})
        await tell_security_change(user_id, SecurityChange.PASSKEY_REMOVED, application, user_agent)
    return True


async def remove_passkeys_since(link_id: uuid.UUID, user_id: uuid.UUID, application: Application) -> None:
    """Removes, in the current transaction, the passkeys of a user that were added since a link was made, and tells
    the owner by mail.

    Whoever took the account over meanwhile would come back with theirs, whatever the new password is.
    """
    for row in await DB.fetch(
        """DELETE FROM passkeys WHERE "user" = $1 AND created_at >= (SELECT created_at FROM link_tokens WHERE id = $2)
           RETURNING name""",
        user_id,
        link_id,
    ):
        await record("passkey removed", user_id=user_id, before={"name": row["name"]})
        await tell_security_change(user_id, SecurityChange.PASSKEY_REMOVED, application)
