"""Browsers from which a user has signed in before; a sign-in from another one is told by mail.

A browser is known by a cookie of 32 random bytes, of which the table holds only the SHA-256. The cookie opens
nothing: it only tells a known browser from a new one.
"""

import hashlib
import secrets
import uuid
from typing import Any

from litestar import Request, Response

from app.applications import Application, application_by_id
from app.languages import datetime_text
from app.links import links_of
from app.mail.people import queue_mail_to
from app.sign_in.devices import device_words, place_words
from tables.engine import DB

# Browsers keep no cookie for longer (RFC 6265bis, 5.5).
KEPT_DAYS = 400
# So long nobody gets a second mail: what is new meanwhile is told in one mail afterwards. A program that signs
# in again and again without cookies must not fill a mailbox.
MINUTES_BETWEEN_MAILS = 10

# A part of the statement that begins a session (app/sign_in/sessions.py), so that a sign-in pays no other one.
# The first browser of a user is no news; those after it are.
NOTE_DEVICE = """
    INSERT INTO known_devices (id, "user", device_hash, application, user_agent, address_family,
                               first_used_at, last_used_at, is_to_be_told)
    SELECT $13::uuid, p.id, $14::bytea, $6, $8, $9, now(), now(),
           EXISTS (SELECT FROM known_devices k WHERE k."user" = p.id)
    FROM person p WHERE $14::bytea IS NOT NULL
    ON CONFLICT ("user", device_hash) DO UPDATE SET last_used_at = now()
"""
_CLAIM = """
    UPDATE known_devices SET is_to_be_told = false, told_at = now()
    WHERE id IN (SELECT d.id FROM known_devices d
                 WHERE d.is_to_be_told
                   AND NOT EXISTS (SELECT FROM known_devices o WHERE o."user" = d."user"
                                   AND o.told_at > now() - $1 * interval '1 minute')
                 ORDER BY d.first_used_at LIMIT 200 FOR UPDATE SKIP LOCKED)
    RETURNING "user", application, user_agent, address_family, first_used_at
"""


def hash_of_device_token(token: str) -> bytes:
    """What is stored of a device's cookie: its SHA-256, 32 bytes."""
    return hashlib.sha256(token.encode()).digest()


async def tell_new_devices() -> int:
    """Mails the owners of accounts about sign-ins from new browsers; how many mails. A job of the worker."""
    async with DB.transaction():
        rows = await DB.fetch(_CLAIM, MINUTES_BETWEEN_MAILS)
        new: dict[tuple[uuid.UUID, str], list[dict[str, Any]]] = {}
        for row in sorted(rows, key=lambda one: one["first_used_at"]):
            new.setdefault((row["user"], row["application"]), []).append(row)
        for (user_id, application_id), devices in new.items():
            await _tell(user_id, application_id, devices)
    return len(new)


async def delete_old_devices() -> int:
    """Forgets browsers whose cookie is gone by now; how many there were."""
    return await DB.execute(
        "DELETE FROM known_devices WHERE last_used_at < now() - $1 * interval '1 day'", KEPT_DAYS
    )


def device_token(application: Application, request: Request[Any, Any, Any]) -> str:
    """The token of this browser: the one that its cookie holds, else a new one."""
    sent = request.cookies.get(application.cookie_name("device"), "")
    return sent if len(sent) == 43 else secrets.token_urlsafe(32)


def keep_device_token(answer: Response[Any], application: Application, token: str) -> None:
    """Sends the cookie by which this browser is known next time."""
    answer.set_cookie(
        application.cookie_name("device"),
        token,
        path=application.cookie_path,
        max_age=KEPT_DAYS * 24 * 3600,
        secure=application.is_secure,
        httponly=True,
        samesite="strict" if application.is_back_office else "lax",
    )


async def _tell(user_id: uuid.UUID, application_id: str, devices: list[dict[str, Any]]) -> None:
    application = application_by_id(application_id)
    person = await DB.fetch_row(
        "SELECT id AS user_id, email, login, first_name, last_name, preferred_language FROM users WHERE id = $1",
        user_id,
    )
    if application is None or person is None:
        return
    language = person["preferred_language"]
    await queue_mail_to(
        person,
        application=application,
        kind="new_device",
        devices=[
            (
                device_words(one["user_agent"], language),
                datetime_text(one["first_used_at"], language, application.time_zone),
                place_words(one["address_family"], language),
            )
            for one in devices
        ],
        reset_link=links_of(application).url("forgotten_password"),
    )
