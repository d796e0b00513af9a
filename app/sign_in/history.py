"""The sign-in history of a user: every try that reached an account, also the failed ones, for 90 days."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from litestar.types import Scope

from app.applications import Application
from app.client_address import address_family
from tables.engine import DB
from tables.keys import new_key

DAYS = 90
PER_PAGE = 20
LONGEST_USER_AGENT = 300

_NOTE = """
    INSERT INTO sign_in_attempts (id, "user", application, outcome, method, user_agent, address_family, attempted_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, now())
"""
# Parts of a statement that notes a try and locks other rows as well: those come after the user, who is locked as the
# try's foreign key does it at the end of the statement. Who deletes a user holds them before all else of theirs.
NAME_USER = "SELECT FROM users WHERE id = {user} FOR KEY SHARE"
AFTER_NAMED = "(SELECT count(*) FROM named) >= 0"  # always true


class Method(StrEnum):
    """By what somebody tried to prove who they are."""

    PASSWORD = "password"
    PASSKEY = "passkey"
    CODE = "code"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One line of the history. `outcome` is "signed in", a kind of failure, or what the gate said; UTC."""

    id: uuid.UUID
    outcome: str
    method: str
    application: str
    user_agent: str
    address_family: str
    attempted_at: datetime


async def note_attempt(
    user_id: uuid.UUID, application: Application, outcome: str, method: Method, scope: Scope
) -> None:
    """Notes a try that named this user. `outcome` is in plain words: "signed in", "wrong password", …"""
    await DB.execute(
        _NOTE,
        new_key(),
        user_id,
        application.id,
        outcome,
        method.value,
        user_agent_of(scope),
        address_family(scope),
    )


async def history_of(user_id: uuid.UUID, before: uuid.UUID | None = None) -> list[Attempt]:
    """A page of the tries of the last 90 days, newest first, older than the try `before`; one more than PER_PAGE
    when there are yet older ones."""
    rows = await DB.fetch(
        "SELECT id, outcome, method, application, user_agent, address_family, attempted_at"
        " FROM sign_in_attempts WHERE \"user\" = $1 AND attempted_at > now() - $2 * interval '1 day'"
        " AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4",
        user_id,
        DAYS,
        before,
        PER_PAGE + 1,
    )
    return [Attempt(**row) for row in rows]


async def delete_old_history() -> int:
    """Deletes tries of more than 90 days ago; how many there were. A job of the worker."""
    return await DB.execute(
        "DELETE FROM sign_in_attempts WHERE attempted_at < now() - $1 * interval '1 day'", DAYS
    )


def user_agent_of(scope: Scope) -> str:
    """What the browser says that it is, cut at 300 characters; "" if it says nothing."""
    sent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
    return sent.decode("latin-1")[:LONGEST_USER_AGENT]
