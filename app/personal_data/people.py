"""Whose personal data a request is about: users, and guests of whom only orders with their e-mail are known."""

import uuid
from dataclasses import dataclass
from typing import Any

from app.applications import Application, all_applications, application_by_id
from app.customers.emails import canonical_email, canonical_login
from app.customers.types import Extension, customer_type_of
from app.mail.people import name_of_person
from app.sign_in.password_mails import PERSON, application_of
from tables.engine import DB


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The person whom a request is about. `user_id` is None for a guest."""

    user_id: uuid.UUID | None
    email: str
    name: str
    language: str
    application: Application


_GUEST = """
    SELECT email, buyer_name, language, application FROM orders
    WHERE email_canonical = $1 AND "user" IS NULL AND customer IS NULL ORDER BY placed_at DESC LIMIT 1
"""
_OF_CUSTOMER = """
    WHERE u.anonymised_at IS NULL AND EXISTS (SELECT FROM memberships m JOIN customers c ON c.id = m.customer
        WHERE m."user" = u.id AND c.number = $1) ORDER BY u.created_at LIMIT 200
"""
_MEMBERSHIPS = """
    SELECT m.id, m.customer, c.customer_type, c.number FROM memberships m JOIN customers c ON c.id = m.customer
    WHERE m."user" = $1 ORDER BY m.created_at, m.id
"""


async def subject_of_user(user_id: uuid.UUID) -> Subject | None:
    """The person behind a user; None for somebody who is not known or was forgotten."""
    rows = await DB.fetch(PERSON + " WHERE u.id = $1 AND u.anonymised_at IS NULL", user_id)
    return _subject(rows[0]) if rows else None


async def subjects_with_email(email: str) -> list[Subject]:
    """Everybody with this e-mail: users, else the guest who ordered with it. Empty for one that nobody has."""
    rows = await DB.fetch(
        PERSON + " WHERE u.email_canonical = $1 AND u.anonymised_at IS NULL ORDER BY u.created_at LIMIT 10",
        canonical_email(email),
    )
    if rows:
        return [_subject(row) for row in rows]
    guest = await DB.fetch_row(_GUEST, canonical_email(email))
    if guest is None:
        return []
    return [
        Subject(
            user_id=None,
            email=guest["email"],
            name=guest["buyer_name"],
            language=guest["language"],
            application=application_by_id(guest["application"]) or _any_shop(),
        )
    ]


async def subjects_known_as(typed: str) -> list[Subject]:
    """Everybody whom staff may mean by an e-mail, a login or a customer number (domain.md 13)."""
    if "\x00" in typed:
        return []
    found = await subjects_with_email(typed) if "@" in typed else []
    for where, value in (
        (" WHERE u.login_canonical = $1 AND u.anonymised_at IS NULL", canonical_login(typed)),
        (_OF_CUSTOMER, typed),
    ):
        known = {one.user_id for one in found}
        rows = await DB.fetch(PERSON + where, value)
        found += [_subject(row) for row in rows if row["user_id"] not in known]
    return found


async def memberships_of(user_id: uuid.UUID) -> list[dict[str, Any]]:
    """The memberships of a user: id, customer, customer_type and number of the customer, oldest first."""
    return await DB.fetch(_MEMBERSHIPS, user_id)


def is_shared(customer_type: str) -> bool:
    """Whether a customer of this type has users besides the person: then its data is not the person's own."""
    return customer_type_of(customer_type).applies(Extension.GROUP)


def _subject(row: dict[str, Any]) -> Subject:
    application = application_of(row)
    return Subject(
        user_id=row["user_id"],
        email=row["email"],
        name=name_of_person(row),
        language=row["preferred_language"],
        # Nobody reads about their own data in the back office, which is for work.
        application=application if application and not application.is_back_office else _any_shop(),
    )


def _any_shop() -> Application:
    return next(one for one in all_applications() if not one.is_back_office)
