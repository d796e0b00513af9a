"""Signing in by a code that is mailed, instead of the password.

The page only notes that somebody asked, which is the same work for every login; the worker looks who that is
and mails. So neither the answer nor its time tells whether an account exists. A code works once, for ten
minutes and five tries, and only in the browser that asked: who is talked out of a code gives nothing away.
"""

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from litestar.types import Scope

from app.applications import Application, application_by_id
from app.client_address import address_family
from app.customers.emails import canonical_login
from app.mail.people import queue_mail_to
from app.settings import settings
from app.sign_in.finish_sign_in import note_way_in
from app.sign_in.history import AFTER_NAMED, Method, user_agent_of
from app.sign_in.limits import (
    clear_account,
    count_client,
    count_sign_in,
    has_had_enough_mails,
    is_account_locked,
    key_of_account,
    uncount_account,
)
from app.sign_in.sign_in import KnownPerson, person_of_user
from tables.engine import DB
from tables.keys import new_key

MINUTES = 10
TRIES = 5
DIGITS = 6
# Where user names are the login, one e-mail may have several accounts; each gets a code of its own.
ACCOUNTS_OF_AN_EMAIL = 5

_NOTE = """
    INSERT INTO sign_in_codes (id, browser_hash, login_canonical, application, language, attempts, requested_at,
                               expires_at)
    VALUES ($1, $2, $3, $4, $5, 0, now(), now() + $6 * interval '1 minute')
"""
_CLAIM = """
    UPDATE sign_in_codes SET answered_at = now(), expires_at = now() + $1 * interval '1 minute' WHERE id = (
        SELECT id FROM sign_in_codes WHERE answered_at IS NULL AND expires_at > now()
        ORDER BY requested_at FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING id, browser_hash, login_canonical, application, language
"""
# Staff are no customers and get none: a mailbox alone must not lead to the data of all customers. Locked, so
# that of two requests answered at once the later replaces the earlier.
_PEOPLE = """
    SELECT u.id AS user_id, u.login, u.login_canonical, u.email, u.email_canonical, u.first_name, u.last_name,
           u.preferred_language
    FROM users u
    WHERE {} AND u.is_active AND EXISTS (SELECT FROM memberships m WHERE m."user" = u.id)
    ORDER BY u.created_at LIMIT $2 FOR NO KEY UPDATE OF u
"""
_OF_LOGIN = _PEOPLE.format("u.login_canonical = $1")
_OF_EMAIL = _PEOPLE.format("u.email_canonical = $1")
# A new code replaces the one before, in whatever browser that was asked for.
_REPLACE = """
    UPDATE sign_in_codes SET expires_at = now()
    WHERE "user" = $1 AND application = $2 AND used_at IS NULL AND expires_at > now()
"""
_KEEP = """
    INSERT INTO sign_in_codes (id, browser_hash, login_canonical, application, language, "user", code_hash,
                               attempts, requested_at, answered_at, expires_at)
    SELECT $2, browser_hash, $3, application, language, $4, $5, 0, requested_at, answered_at, expires_at
    FROM sign_in_codes WHERE id = $1
"""
_WAITING = """
    SELECT id, login_canonical FROM sign_in_codes
    WHERE browser_hash = $1 AND application = $2 AND used_at IS NULL AND expires_at > now()
    ORDER BY login_canonical
"""
# The try counts before the code is looked at, so that parallel ones cannot slip through. It will be noted, and so
# names the users before it locks anything of theirs.
_TRY = f"""
    WITH named AS (SELECT FROM users WHERE id IN (SELECT "user" FROM sign_in_codes WHERE id = ANY($1))
                   ORDER BY id FOR KEY SHARE),
         tried AS (UPDATE sign_in_codes SET attempts = attempts + 1
                   WHERE id = ANY($1) AND used_at IS NULL AND expires_at > now() AND attempts < $2 AND {AFTER_NAMED}
                   RETURNING id, "user", code_hash, login_canonical)
    SELECT t.id, t."user" AS user_id, t.code_hash, t.login_canonical, u.email_canonical
    FROM tried t LEFT JOIN users u ON u.id = t."user"
"""  # only a constant is put in
_NOTE_FAILURES = """
    INSERT INTO sign_in_attempts (id, "user", application, outcome, method, user_agent, address_family,
                                  attempted_at)
    SELECT gen_random_uuid(), "user", application, $2, $3, $4, $5, now()
    FROM sign_in_codes WHERE id = ANY($1) AND "user" IS NOT NULL
"""
# All codes that this browser has asked for are dead with the one that was used.
_USE = """
    UPDATE sign_in_codes SET used_at = now()
    WHERE browser_hash = $1 AND application = $2 AND used_at IS NULL RETURNING id
"""


async def ask_for_code(application: Application, login: str, language: str, old_token: str) -> str:
    """Notes that somebody asked for a code to sign in with; the token that their browser keeps.

    `old_token` is what the browser keeps so far, "" if nothing: its codes end.
    """
    token = secrets.token_urlsafe(32)
    async with DB.transaction():
        await DB.execute(
            "DELETE FROM sign_in_codes WHERE browser_hash = $1 AND application = $2",
            _hash_of_token(old_token),
            application.id,
        )
        await DB.execute(
            _NOTE,
            new_key(),
            _hash_of_token(token),
            canonical_login(login)[:400],
            application.id,
            language,
            MINUTES,
        )
    return token


async def person_with_code(
    application: Application, token: str, code: str, scope: Scope
) -> KnownPerson | None:
    """The person to whom this code was mailed for this browser; None when it does not work (any more).

    A code for nobody, a wrong one, an old one and a locked account are one answer. The limits are those of the
    password, and they count together with it. Raises TooManyTries for a client with too many failures.
    """
    waiting = await DB.fetch(_WAITING, _hash_of_token(token), application.id)
    if not waiting:
        await count_client(scope, "sign-in")
        return None
    locked = {waiting[0]["login_canonical"]: await count_sign_in(scope, waiting[0]["login_canonical"])}
    for one in waiting[1:]:
        login = one["login_canonical"]
        if login not in locked:
            locked[login] = await is_account_locked(login)
    async with DB.transaction():
        tried = await DB.fetch(_TRY, [one["id"] for one in waiting], TRIES)
        found = next(
            (one for one in tried if not locked[one["login_canonical"]] and _is_code(one, code)), None
        )
        if found is None:
            outcome = "locked" if all(locked.values()) else "wrong code"
            ids = [one["id"] for one in waiting]
            about = (Method.CODE.value, user_agent_of(scope), address_family(scope))
            await DB.execute(_NOTE_FAILURES, ids, outcome, *about)
            return None
        used = await DB.fetch(_USE, _hash_of_token(token), application.id)
        person = await person_of_user(application, found["user_id"])
        # Of two tries with the right code at once, the second finds it used.
        if person is None or found["id"] not in {one["id"] for one in used}:
            return None
        # The e-mail stays unverified where it is: a stranger may have registered it with a password of
        # their own, and the gate keeps them out until the owner of the mailbox confirms that account.
        await note_way_in(person, application, Method.CODE, scope)
        await _clear_counters(found["login_canonical"], locked)
    return person


async def _clear_counters(login: str, counted: Mapping[str, bool]) -> None:
    """The failures of the account are forgotten, and the try is taken back from the others of the e-mail, which would
    else be locked by their own person's good sign-ins. `counted` says which were locked, and so not counted.

    After the client, whose counter is always locked first (app/sign_in/limits.py), and in one order.
    """
    for one in sorted(counted, key=key_of_account):
        if one == login:
            await clear_account(one)
        elif not counted[one]:
            await uncount_account(one)


async def answer_code_requests(at_most: int = 100) -> int:
    """Mails the codes that were asked for, oldest first; how many requests there were. A job of the worker.

    Each request is answered in one transaction with its mail: after a crash it is answered anew.
    """
    for answered in range(at_most):
        async with DB.transaction():
            request = await DB.fetch_row(_CLAIM, MINUTES)
            if request is None:
                return answered
            await _answer(request)
    return at_most


async def delete_old_codes() -> int:
    """Deletes codes that are over, and with them who asked; how many there were. A job of the worker."""
    return await DB.execute("DELETE FROM sign_in_codes WHERE expires_at < now() - interval '1 hour'")


async def _answer(request: dict[str, Any]) -> None:
    application = application_by_id(request["application"])
    if application is None or not application.sign_in_by_code:
        return
    people = await DB.fetch(_OF_LOGIN, request["login_canonical"], 1)
    if not people and application.login_type == "username":
        # Who has forgotten the user name may give the e-mail. Canonical e-mails and logins are made alike.
        people = await DB.fetch(_OF_EMAIL, request["login_canonical"], ACCOUNTS_OF_AN_EMAIL)
    if not people or await has_had_enough_mails("sign-in-code", people[0]["email_canonical"]):
        return
    codes = _new_codes(len(people))
    for person, code in zip(people, codes, strict=True):
        await DB.execute(_REPLACE, person["user_id"], application.id)
        key = new_key()
        await DB.execute(
            _KEEP,
            request["id"],
            key,
            person["login_canonical"],
            person["user_id"],
            _hash_of_code(key, person["email_canonical"], code),
        )
    await DB.execute("DELETE FROM sign_in_codes WHERE id = $1", request["id"])
    await _mail(application, people, codes)


async def _mail(application: Application, people: Sequence[dict[str, Any]], codes: Sequence[str]) -> None:
    first = people[0]
    await queue_mail_to(
        first,
        application=application,
        kind="sign_in_code",
        codes=[(one["login"], code) for one, code in zip(people, codes, strict=True)],
        minutes=MINUTES,
    )


def _new_codes(how_many: int) -> list[str]:
    """Random codes, all different: the one that is typed says which account is meant."""
    codes: dict[str, None] = {}
    while len(codes) < how_many:
        codes[f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"] = None
    return list(codes)


def _is_code(row: dict[str, Any], code: str) -> bool:
    expected: bytes | None = row["code_hash"]
    given = _hash_of_code(row["id"], row["email_canonical"] or "", "".join(filter(str.isdigit, code)))
    return secrets.compare_digest(expected or bytes(32), given)


def _hash_of_code(key: uuid.UUID, email_canonical: str, code: str) -> bytes:
    # Six digits are guessed at once by whoever reads the table, so that a secret key is in it. The e-mail as
    # well: a code is worth as much as the mailbox that it went to, and no more once the e-mail is another.
    message = f"patron.sign-in-code:{key.hex}:{email_canonical}:{code}"
    return hmac.digest(settings().secret_keys[0].encode(), message.encode(), "sha256")


def _hash_of_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
