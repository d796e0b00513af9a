"""A mail for every change of what protects an account (security.md): a thief's change must not stay unseen."""

import uuid
from datetime import UTC, datetime
from enum import StrEnum

from app.applications import Application
from app.links import links_of
from app.mail.people import queue_mail_to
from app.sign_in.devices import device_words
from tables.engine import DB


class SecurityChange(StrEnum):
    """What was changed; each has its sentence in templates/mail/security_changed.*."""

    PASSWORD_CHANGED = "password_changed"
    SECOND_FACTOR_ADDED = "second_factor_added"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    SECOND_FACTOR_TAKEN_BACK = "second_factor_taken_back"
    SECOND_FACTOR_LOST = "second_factor_lost"
    RECOVERY_CODES_TAKEN_BACK = "recovery_codes_taken_back"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"


async def tell_security_change(
    user_id: uuid.UUID, what: SecurityChange, application: Application, user_agent: str = ""
) -> None:
    """Queues the mail about a change, in the current transaction, to the user's own e-mail and in their language.

    `user_agent` is that of the browser which made the change; the mail names the device where it is known.
    """
    person = await DB.fetch_row(
        "SELECT id AS user_id, email, login, first_name, last_name, preferred_language FROM users WHERE id = $1",
        user_id,
    )
    if person is None:
        return
    language = person["preferred_language"]
    await queue_mail_to(
        person,
        application=application,
        kind="security_changed",
        what=what.value,
        time=datetime.now(UTC),
        device=device_words(user_agent, language) if user_agent else "",
        reset_link=links_of(application).url("forgotten_password"),
    )
