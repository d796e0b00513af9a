"""Mails to people whom the shop knows: to their own e-mail, by their name, in their language."""

from collections.abc import Mapping
from typing import Any

from app.applications import Application
from app.mail.outbox import queue_mail
from tables import User

# A user, or a row with the columns user_id, email, login, first_name, last_name and preferred_language of one.
Person = User | Mapping[str, Any]


async def queue_mail_to(
    person: Person, to_email: str = "", /, *, application: Application, kind: str, **context: object
) -> None:
    """Writes a mail to somebody into the outbox, in the current transaction.

    `to_email` is another stored address of theirs than that of their profile, where it goes there. `context` is
    what the kind needs besides the name. Raises as `queue_mail`.
    """
    await queue_mail(
        application=application,
        kind=kind,
        user_id=person["user_id"] if isinstance(person, Mapping) else person.id,
        to_email=to_email or _of(person, "email"),
        to_name=name_of_person(person),
        language=language_for(application, person),
        name=name_of_person(person),
        **context,
    )


def name_of_person(person: Person) -> str:
    """What a mail calls somebody: first and last name, or the login where neither is known."""
    return f"{_of(person, 'first_name')} {_of(person, 'last_name')}".strip() or _of(person, "login")


def language_for(application: Application, person: Person) -> str:
    """The language of mails to somebody: the preferred one where the application speaks it."""
    wanted = _of(person, "preferred_language")
    return wanted if wanted in application.languages else application.languages[0]


def _of(person: Person, column: str) -> str:
    return str(person[column] if isinstance(person, Mapping) else getattr(person, column))
