"""Mails that let a person choose a password: nobody else ever sets or sees one (domain.md 5)."""

import uuid
from typing import Any, Literal

from app.applications import Application, application_for_type, back_office
from app.links import links_of
from app.mail.people import queue_mail_to
from app.sign_in.link_tokens import Purpose, issue
from tables.engine import DB

Reason = Literal["created", "enabled", "staff"]

PERSON = """
    SELECT u.id AS user_id, u.login, u.email, u.first_name, u.last_name, u.preferred_language,
           (SELECT c.customer_type FROM memberships m JOIN customers c ON c.id = m.customer
            WHERE m."user" = u.id ORDER BY m.is_active DESC, m.created_at LIMIT 1) AS customer_type,
           EXISTS (SELECT 1 FROM staff_members s WHERE s."user" = u.id AND s.is_active) AS is_staff
    FROM users u
"""


async def send_password_mail(user_id: uuid.UUID, reason: Reason) -> bool:
    """Queues the mail with a one-time link to choose a password, in the current transaction.

    It goes to the profile e-mail, never to an address' e-mail, and the link names the configured URL of the
    application where the person may sign in. False when there is no such application or no such user.
    """
    person = await DB.fetch_row(PERSON + " WHERE u.id = $1", user_id)
    application = application_of(person) if person is not None else None
    if person is None or application is None:
        return False
    await queue_mail_to(
        person,
        application=application,
        kind="staff_welcome" if application.is_back_office and reason == "created" else "choose_password",
        login=person["login"],
        link=await reset_link(person["user_id"], application, application.invitation_minutes),
        minutes=application.invitation_minutes,
        **({} if application.is_back_office and reason == "created" else {"reason": reason}),
    )
    return True


async def reset_link(user_id: uuid.UUID, application: Application, minutes: int) -> str:
    """An absolute one-time link to the page where a user chooses a password; valid so many minutes."""
    token = await issue(Purpose.RESET_PASSWORD, user_id, application, minutes)
    return links_of(application).url("reset_password", token=token)


def application_of(person: dict[str, Any]) -> Application | None:
    """Where a person signs in: by the customer's type, else the back office for staff, else nowhere."""
    if person["customer_type"]:
        return application_for_type(person["customer_type"])
    return back_office() if person["is_staff"] else None
