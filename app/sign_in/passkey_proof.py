"""Proving by a passkey who one is: to sign in, as the second factor, and before a sensitive change.

A passkey that has verified its person (by finger, face or PIN) counts as both factors: it is something that one
has, and is or knows. One that was only touched is a single factor, and never stands in for the authenticator.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import structlog
from litestar.types import Scope

from app.applications import Application
from app.audit import record
from app.customers.departures import has_given_up_login
from app.sign_in.history import Method, note_attempt
from app.sign_in.passkey_challenges import BROKEN_ANSWER, Challenge, Purpose, new_challenge, use_challenge
from tables.engine import DB

log = structlog.get_logger()

# Who signs in gives a first factor; after that, and instead of the password, only both factors are enough.
_MUST_VERIFY = frozenset({Purpose.SECOND_FACTOR, Purpose.AGAIN})

# The count of a passkey only grows. One that does not count (most of those that are kept in step between
# devices) stays at 0. Conditional, so that of two answers with one count at once the second is refused.
_USE = """
    UPDATE passkeys SET sign_count = $2, last_used_at = now()
    WHERE id = $1 AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0))
"""


@dataclass(frozen=True, slots=True)
class PasskeyProof:
    """Whose passkey has signed, and whether it has verified its person."""

    user_id: uuid.UUID
    is_verified: bool


async def options_to_prove(
    application: Application, purpose: Purpose, user_id: uuid.UUID | None = None
) -> tuple[Challenge, str]:
    """What the browser is asked for to use a passkey, as JSON (WebAuthn 5.5), with its challenge.

    Without `user_id` the device offers what it has for this host, and nobody learns who has an account.
    """
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    rows = await DB.fetch(
        'SELECT credential_id FROM passkeys WHERE "user" = $1 AND host = $2', user_id, application.host
    )
    challenge = await new_challenge(application, purpose, user_id)
    must_verify = purpose in _MUST_VERIFY
    options = generate_authentication_options(
        rp_id=application.host,
        challenge=challenge.challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=bytes(one["credential_id"])) for one in rows],
        user_verification=UserVerificationRequirement.REQUIRED
        if must_verify
        else UserVerificationRequirement.PREFERRED,
    )
    return challenge, options_to_json(options)


async def proof_by_passkey(
    application: Application,
    purpose: Purpose,
    challenge_key: str,
    credential: str,
    scope: Scope,
    user_id: uuid.UUID | None = None,
) -> PasskeyProof | None:
    """Whose passkey has signed the challenge; None when the answer is not good.

    Checked are challenge, host, origin, signature, and that the person was there; with `user_id` that it is
    that user's, and for all but a sign-in that the person was verified. A count that did not grow tells of a
    copy (WebAuthn 6.1.1): it is refused, and staff read it in the audit log.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers import parse_authentication_credential_json
    from webauthn.helpers.exceptions import WebAuthnException

    challenge = await use_challenge(application, purpose, challenge_key, user_id)
    if challenge is None:
        return None
    try:
        sent = parse_authentication_credential_json(credential)
    except (WebAuthnException, *BROKEN_ANSWER):
        return None
    # Whoever was removed by their company is known no more than a stranger.
    passkey = await DB.fetch_row(
        'SELECT id, "user" AS user_id, public_key, name FROM passkeys p WHERE credential_id = $1 AND host = $2'
        f""" AND "user" = coalesce($3, "user") AND NOT {has_given_up_login('p."user"')}""",
        sent.raw_id,
        application.host,
        user_id,
    )
    if passkey is None:
        return None
    owner: uuid.UUID = passkey["user_id"]
    try:
        # Who nobody knows yet must be named by the passkey itself (WebAuthn 7.2, step 6).
        if sent.response.user_handle is None and user_id is None:
            raise ValueError("the passkey does not say whose it is")
        if sent.response.user_handle not in (None, owner.bytes):
            raise ValueError("the passkey is another user's")
        shown = verify_authentication_response(
            credential=sent,
            expected_challenge=challenge,
            expected_rp_id=application.host,
            expected_origin=application.origin,
            credential_public_key=bytes(passkey["public_key"]),
            # The count is checked below, in the statement that raises it.
            credential_current_sign_count=0,
            require_user_verification=purpose in _MUST_VERIFY,
        )
    except (WebAuthnException, *BROKEN_ANSWER):
        await note_attempt(owner, application, "wrong passkey", Method.PASSKEY, scope)
        return None
    if not await DB.execute(_USE, passkey["id"], shown.new_sign_count):
        await _refuse_copy(passkey, application, scope)
        return None
    return PasskeyProof(owner, shown.user_verified)


async def _refuse_copy(passkey: dict[str, Any], application: Application, scope: Scope) -> None:
    log.warning("a passkey was refused since its count did not grow", passkey=str(passkey["id"]))
    async with DB.transaction():
        await record("passkey refused", user_id=passkey["user_id"], after={"name": passkey["name"]})
        await note_attempt(passkey["user_id"], application, "copied passkey", Method.PASSKEY, scope)
