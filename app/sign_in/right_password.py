"""What is noted of somebody who gave the right password (security.md, Sign-in).

The client's try is taken back, the account's failures are forgotten, and links to a new password end: whoever knows
the password needs no reset, and an old mail must not open the account later.
"""

import uuid
from dataclasses import dataclass

from litestar.types import Scope

from app.applications import Application
from app.client_address import address_family
from app.sign_in.history import AFTER_NAMED, NAME_USER, user_agent_of
from app.sign_in.link_tokens import Purpose
from tables.engine import DB

# Parts of a statement, so that a sign-in pays no other one than that by which its session begins
# (app/sign_in/sessions.py). Of parts that do not ask for each other PostgreSQL does the last one first, so that those
# which lock rows say what they come after (tables/lock_order.py): all after the user whom the attempt names, who may
# just be deleted with links and counter, and the account's counter after the client's.
NOTE_RIGHT_PASSWORD = f"""
    named AS ({NAME_USER}),
    client AS (UPDATE attempt_counters SET attempts = greatest(attempts - 1, 0)
               WHERE key = {{client}} AND {AFTER_NAMED} RETURNING key),
    account AS (DELETE FROM attempt_counters WHERE key = {{account}} AND (SELECT count(*) FROM client) >= 0),
    links AS (UPDATE link_tokens SET revoked_at = now()
              WHERE "user" = {{user}} AND purpose = '{Purpose.RESET_PASSWORD}'
                AND used_at IS NULL AND revoked_at IS NULL AND {AFTER_NAMED}),
    attempt AS (
        INSERT INTO sign_in_attempts (id, "user", application, outcome, user_agent, address_family, attempted_at)
        VALUES ({{attempt}}, {{user}}, {{application}}, {{outcome}}, {{user_agent}}, {{address_family}}, now()))
"""
_PLACES = {
    "client": "$1",
    "account": "$2",
    "attempt": "$3",
    "outcome": "$4",
    "user": "$5",
    "application": "$6",
    "user_agent": "$7",
    "address_family": "$8",
}
_NOTE = f"WITH {NOTE_RIGHT_PASSWORD.format(**_PLACES)} SELECT"  # only constants are put in


@dataclass(frozen=True, slots=True)
class RightPassword:
    """A right password that is still to be noted: by the counters of its client and its account, and as an attempt
    of that id and outcome."""

    client: str
    account: str
    attempt: uuid.UUID
    outcome: str

    @property
    def values(self) -> tuple[str, str, uuid.UUID, str]:
        """In the order in which statements take them."""
        return self.client, self.account, self.attempt, self.outcome


async def note_right_password(
    right: RightPassword, user_id: uuid.UUID, application: Application, scope: Scope
) -> None:
    """Notes it by itself, of somebody for whom no session begins."""
    await DB.execute(
        _NOTE,
        *right.values,
        user_id,
        application.id,
        user_agent_of(scope),
        address_family(scope),
    )
