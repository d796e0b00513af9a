"""Choosing a new password by a one-time link (domain.md 5)."""

import uuid
from datetime import UTC, datetime

from app.applications import Application
from app.audit import record
from app.links import links_of
from app.mail.people import queue_mail_to
from app.registration.verify_email import note_verified_email
from app.sign_in.breached_passwords import breach_problem
from app.sign_in.limits import clear_account
from app.sign_in.link_tokens import Link, Purpose, TokenState, consume, look_up, revoke_links_of
from app.sign_in.passwords import SHORTEST, hash_password, password_problem, shortest_password
from app.sign_in.sessions import end_sessions_of
from tables.engine import DB

_PERSON = """
    SELECT u.id AS user_id, u.login, u.login_canonical, u.email, u.email_canonical, u.first_name, u.last_name,
           u.preferred_language, f.id IS NOT NULL AS has_second_factor,
           (SELECT string_agg(co.company_name, ' ') FROM memberships m
            JOIN companies co ON co.customer = m.customer WHERE m."user" = u.id) AS companies
    FROM users u
    LEFT JOIN second_factors f ON f."user" = u.id AND f.confirmed_at IS NOT NULL
    WHERE u.id = $1
"""


async def link_to_reset(token: str, application: Application) -> Link | None:
    """What a link to the reset page stands for, and its state. Looking at it does not use it up."""
    return await look_up(token, Purpose.RESET_PASSWORD, application)


async def owner_of_link(link: Link | None) -> tuple[str, int]:
    """The login of a link's owner, "" if there is none, and how long the new password has to be.

    Only who holds a link that works is told: others would learn that an account exists, and has a second factor.
    """
    if link is None or link.state is not TokenState.VALID:
        return "", SHORTEST
    person = await DB.fetch_row(_PERSON, link.user_id)
    if person is None:
        return "", SHORTEST
    return person["login"], shortest_password(has_second_factor=person["has_second_factor"])


async def problem_of_new_password(user_id: uuid.UUID, password: str, application: Application) -> str | None:
    """Why this user may not have this password, as a sentence, or None."""
    person = await DB.fetch_row(_PERSON, user_id)
    if person is None:
        return None
    about = [person[name] or "" for name in ("login", "email", "first_name", "last_name", "companies")]
    shortest = shortest_password(has_second_factor=person["has_second_factor"])
    problem = password_problem(password, [*about, application.name], shortest)
    return problem or await breach_problem(password)


async def reset_password(token: str, password: str, application: Application) -> bool:
    """Sets the password that the owner of a link has chosen; False when the link does not work any more.

    In one transaction: the link is used up, all sessions of the user end, other links to a new password die,
    a lock is opened, and the notice is queued. The link was in the user's mailbox, so the e-mail is verified, with
    all that follows from it: who waits for approval is announced to staff.
    A second factor stays: whoever has the mailbox only does not get in. Raises TooBusy.
    """
    password_hash = await hash_password(password)
    async with DB.transaction():
        link = await consume(token, Purpose.RESET_PASSWORD, application)
        person = await DB.fetch_row(_PERSON, link.user_id) if link is not None else None
        if person is None:
            return False
        await DB.execute(
            "UPDATE users SET password_hash = $2, password_changed_at = now() WHERE id = $1",
            person["user_id"],
            password_hash,
        )
        await end_sessions_of(person["user_id"])
        await revoke_links_of(person["user_id"], Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)
        await clear_account(person["login_canonical"])
        await record("password reset", user_id=person["user_id"])
        await note_verified_email(person["user_id"], person["email_canonical"])
        await _tell(person, application)
    return True


async def _tell(person: dict[str, object], application: Application) -> None:
    await queue_mail_to(
        person,
        application=application,
        kind="password_changed",
        time=datetime.now(UTC),
        reset_link=links_of(application).url("forgotten_password"),
    )
