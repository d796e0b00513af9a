"""Whose personal data a request is about: users, and guests of whom only orders with their e-mail are known."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.applications import Application, all_applications, application_by_id
from app.customers.emails import canonical_email, canonical_login
from app.customers.types import Extension, installed_type
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
# Who was removed by a company, and can still be brought back, is known by what they have given up.
_PEOPLE = f"""
    SELECT p.user_id, p.first_name, p.last_name, p.preferred_language, p.is_staff,
           coalesce(d.login, p.login) AS login, coalesce(d.email, p.email) AS email,
           coalesce(p.customer_type, c.customer_type) AS customer_type
    FROM ({PERSON} WHERE u.anonymised_at IS NULL AND u.id IN ({{}})) p
    LEFT JOIN departures d ON d."user" = p.user_id AND d.login <> ''
    LEFT JOIN customers c ON c.id = d.customer
    ORDER BY p.user_id LIMIT 200
"""  # only constants of this package are put in
_OF_ID = _PEOPLE.format("$1")
_OF_EMAIL = _PEOPLE.format("""
    (SELECT id FROM users WHERE email_canonical = $1 ORDER BY id LIMIT 10)
    UNION SELECT "user" FROM departures WHERE email_canonical = $1 AND login <> ''
""")
_OF_LOGIN = _PEOPLE.format("""
    SELECT id FROM users WHERE login_canonical = $1
    UNION SELECT "user" FROM departures WHERE login_canonical = $1 AND login <> ''
""")
_OF_CUSTOMER = _PEOPLE.format("""
    SELECT m."user" FROM memberships m JOIN customers c ON c.id = m.customer WHERE c.number = $1
""")
_MEMBERSHIPS = """
    SELECT m.id, m.customer, c.customer_type, c.number,
           EXISTS (SELECT FROM companies co WHERE co.customer = c.id)
           OR EXISTS (SELECT FROM memberships o WHERE o.customer = c.id AND o.id <> m.id) AS looks_shared
    FROM memberships m JOIN customers c ON c.id = m.customer
    WHERE m."user" = $1 ORDER BY m.created_at, m.id
"""


async def subject_of_user(user_id: uuid.UUID) -> Subject | None:
    """The person behind a user; None for somebody who is not known or was forgotten."""
    rows = await DB.fetch(_OF_ID, user_id)
    return _subject(rows[0]) if rows else None


async def subjects_with_email(email: str) -> list[Subject]:
    """Everybody with this e-mail: users, else the guest who ordered with it. Empty for one that nobody has."""
    rows = await DB.fetch(_OF_EMAIL, canonical_email(email))
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
    for people, value in ((_OF_LOGIN, canonical_login(typed)), (_OF_CUSTOMER, typed)):
        known = {one.user_id for one in found}
        rows = await DB.fetch(people, value)
        found += [_subject(row) for row in rows if row["user_id"] not in known]
    return found


async def memberships_of(user_id: uuid.UUID) -> list[dict[str, Any]]:
    """The memberships of a user, oldest first: id, customer, customer_type and number of the customer, and whether it
    looks as if others shared it."""
    return await DB.fetch(_MEMBERSHIPS, user_id)


def is_shared(membership: Mapping[str, Any]) -> bool:
    """Whether the customer of a membership may have users besides the person: then its data is not the person's own.

    Where the type is not installed any more, a company or further users say so: people are owed their data, and the
    deletion of it, whatever is installed (domain.md 13)."""
    installed = installed_type(membership["customer_type"])
    return installed.applies(Extension.GROUP) if installed is not None else bool(membership["looks_shared"])


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
