"""The second factor: an authenticator with time-based codes, and recovery codes (security.md, Sign-in).

RFC 6238 with the usual parameters: SHA-1, six digits, 30 seconds; one step of clock difference is forgiven.
"""

import hashlib
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from app.applications import Application
from app.audit import record
from app.sealed import fernet_for
from app.sign_in.security_mails import SecurityChange, tell_security_change
from tables.engine import DB
from tables.keys import new_key

log = structlog.get_logger(__name__)

STEP_SECONDS = 30
STEPS_OF_CLOCK_DIFFERENCE = 1
RECOVERY_CODES = 10
# Without 0, 1, I, L, O and U: nobody reads one for another. 10 characters are 49 bits.
RECOVERY_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True)
class NewAuthenticator:
    """An authenticator to be set up: a QR code as the data: address of an SVG, and the key in groups of four."""

    picture: str
    secret: str


async def new_authenticator(
    user_id: uuid.UUID, login: str, application: Application
) -> tuple[str, str] | None:
    """The secret (base32) and the otpauth:// address of an authenticator that is yet to be confirmed.

    Asked again within an hour, it gives the same secret, so that a page shown twice fits the code that was
    scanned; later a new one, since somebody may have seen the old one. None when an authenticator is in use:
    its secret is never shown again.
    """
    import pyotp

    stored = await DB.fetch_value(
        """INSERT INTO second_factors AS f (id, "user", secret_encrypted, last_time_step, created_at)
           VALUES ($1, $2, $3, 0, now())
           ON CONFLICT ("user") DO UPDATE SET
               secret_encrypted = CASE WHEN f.created_at < now() - interval '1 hour'
                                       THEN excluded.secret_encrypted ELSE f.secret_encrypted END,
               created_at = CASE WHEN f.created_at < now() - interval '1 hour'
                                 THEN now() ELSE f.created_at END
           WHERE f.confirmed_at IS NULL
           RETURNING secret_encrypted""",
        new_key(),
        user_id,
        _sealed(pyotp.random_base32()),
    )
    if stored is None:
        return None
    secret = _opened(stored)
    if secret is None:
        # Nobody has used it yet, so that nothing is lost with it.
        await DB.execute('DELETE FROM second_factors WHERE "user" = $1 AND confirmed_at IS NULL', user_id)
        return await new_authenticator(user_id, login, application)
    return secret, pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=application.name)


async def picture_of_new_authenticator(
    user_id: uuid.UUID, login: str, application: Application
) -> NewAuthenticator | None:
    """What the page to set up an authenticator shows; None when one is in use already."""
    import segno

    made = await new_authenticator(user_id, login, application)
    if made is None:
        return None
    secret, address = made
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2, dark="#000", light="#fff")
    return NewAuthenticator(picture, " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)))


async def confirm_authenticator(
    user_id: uuid.UUID, code: str, application: Application, user_agent: str = ""
) -> list[str] | None:
    """Takes the authenticator into use when the code is right; the recovery codes, to be shown once.

    None for a wrong code, and when a factor is in use already. `user_agent` is for the mail that tells of it.
    """
    async with DB.transaction():
        factor = await DB.fetch_row(
            'SELECT * FROM second_factors WHERE "user" = $1 AND confirmed_at IS NULL FOR UPDATE', user_id
        )
        step = _step_of(factor, code) if factor is not None else None
        if step is None:
            return None
        await DB.execute(
            'UPDATE second_factors SET confirmed_at = now(), last_time_step = $2 WHERE "user" = $1',
            user_id,
            step,
        )
        codes = await _new_recovery_codes(user_id)
        await record("second factor added", user_id=user_id)
        await tell_security_change(user_id, SecurityChange.SECOND_FACTOR_ADDED, application, user_agent)
    return codes


async def remove_authenticator(user_id: uuid.UUID, application: Application, user_agent: str = "") -> bool:
    """Removes the authenticator and its recovery codes; False when there was none. Sessions go on."""
    async with DB.transaction():
        removed = await DB.execute(
            'DELETE FROM second_factors WHERE "user" = $1 AND confirmed_at IS NOT NULL', user_id
        )
        if not removed:
            return False
        await DB.execute('DELETE FROM recovery_codes WHERE "user" = $1', user_id)
        await record("second factor removed", user_id=user_id)
        await tell_security_change(user_id, SecurityChange.SECOND_FACTOR_REMOVED, application, user_agent)
    return True


async def renew_recovery_codes(
    user_id: uuid.UUID, application: Application, user_agent: str = ""
) -> list[str] | None:
    """New recovery codes, to be shown once; the old ones are dead. None without an authenticator."""
    async with DB.transaction():
        factor = await DB.fetch_row(
            'SELECT id FROM second_factors WHERE "user" = $1 AND confirmed_at IS NOT NULL FOR UPDATE', user_id
        )
        if factor is None:
            return None
        codes = await _new_recovery_codes(user_id)
        await record("recovery codes renewed", user_id=user_id)
        await tell_security_change(user_id, SecurityChange.RECOVERY_CODES_RENEWED, application, user_agent)
    return codes


async def recovery_codes_left(user_id: uuid.UUID) -> int:
    """How many recovery codes are still unused."""
    return int(
        await DB.fetch_value(
            'SELECT count(*) FROM recovery_codes WHERE "user" = $1 AND used_at IS NULL', user_id
        )
    )


async def own_recovery_codes(user_id: uuid.UUID, shown: Sequence[str]) -> list[str]:
    """Those of the codes that are this user's, in their order: nothing else gets into the file of codes."""
    rows = await DB.fetch(
        'SELECT code_hash FROM recovery_codes WHERE "user" = $1 AND used_at IS NULL', user_id
    )
    known = {bytes(row["code_hash"]) for row in rows}
    return [one for one in shown if _hash_of_code(user_id, one) in known]


async def is_second_factor(user_id: uuid.UUID, code: str, application: Application) -> bool:
    """Whether a code is the authenticator's, or an unused recovery code. Each works once, also in parallel."""
    async with DB.transaction():
        factor = await DB.fetch_row(
            'SELECT * FROM second_factors WHERE "user" = $1 AND confirmed_at IS NOT NULL FOR UPDATE', user_id
        )
        if factor is None:
            return False
        step = _step_of(factor, code)
        if step is not None:
            # Sealed with the newest key from now on, so that older ones can be taken out of the settings.
            await DB.execute(
                'UPDATE second_factors SET last_time_step = $2, secret_encrypted = $3 WHERE "user" = $1',
                user_id,
                step,
                _sealed_anew(factor["secret_encrypted"]),
            )
            return True
        used = await DB.execute(
            'UPDATE recovery_codes SET used_at = now() WHERE "user" = $1 AND code_hash = $2 AND used_at IS NULL',
            user_id,
            _hash_of_code(user_id, code),
        )
        if used:
            await record("recovery code used", user_id=user_id)
            await tell_security_change(user_id, SecurityChange.RECOVERY_CODE_USED, application)
        return bool(used)


def _step_of(factor: dict[str, Any], code: str) -> int | None:
    """The time step of a right code that was not used before, else None."""
    import pyotp

    digits = "".join(code.split())
    if not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return None
    secret = _opened(factor["secret_encrypted"])
    if secret is None:
        log.error("second factor sealed with a key that is gone", user=str(factor["user"]))
        return None
    totp = pyotp.TOTP(secret)
    now = int(datetime.now(UTC).timestamp()) // STEP_SECONDS
    for step in range(now - STEPS_OF_CLOCK_DIFFERENCE, now + STEPS_OF_CLOCK_DIFFERENCE + 1):
        if step > factor["last_time_step"] and secrets.compare_digest(totp.at(step * STEP_SECONDS), digits):
            return step
    return None


async def _new_recovery_codes(user_id: uuid.UUID) -> list[str]:
    await DB.execute('DELETE FROM recovery_codes WHERE "user" = $1', user_id)
    codes = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    for code in codes:
        await DB.execute(
            'INSERT INTO recovery_codes (id, "user", code_hash) VALUES ($1, $2, $3)',
            new_key(),
            user_id,
            _hash_of_code(user_id, code),
        )
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _hash_of_code(user_id: uuid.UUID, code: str) -> bytes:
    # 49 random bits and a limit on tries need no slow hash; the user's id keeps equal codes apart.
    plain = "".join(character for character in code.upper() if character.isalnum())
    return hashlib.sha256(user_id.bytes + plain.encode()).digest()


def _sealed(secret: str) -> str:
    return str(fernet_for("second-factor").encrypt(secret.encode()).decode())


def _sealed_anew(sealed: str) -> str:
    return str(fernet_for("second-factor").rotate(sealed.encode()).decode())


def _opened(sealed: str) -> str | None:
    """The secret; None where the key that sealed it was taken out of the settings."""
    from cryptography.fernet import InvalidToken

    try:
        return str(fernet_for("second-factor").decrypt(sealed.encode()).decode())
    except InvalidToken:
        return None
