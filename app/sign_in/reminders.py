"""Forgotten passwords and user names (domain.md 5).

The page only notes that somebody asked, which is the same work for every e-mail; the worker looks who that is
and mails. So neither the answer nor its time tells whether an account exists.
"""

from collections.abc import Sequence
from typing import Any

from app.applications import Application, application_by_id
from app.customers.emails import canonical_email
from app.links import links_of
from app.mail.people import queue_mail_to
from app.sign_in.limits import has_had_enough_mails
from app.sign_in.password_mails import PERSON, application_of, reset_link
from app.sign_in.sent_twice import is_sent_twice
from tables.engine import DB
from tables.keys import new_key

_NOTE = """
    INSERT INTO reminder_requests (id, email, email_canonical, application, language, wants_user_name, requested_at)
    VALUES ($1, $2, $3, $4, $5, $6, now())
"""
_CLAIM = """
    DELETE FROM reminder_requests WHERE id = (
        SELECT id FROM reminder_requests ORDER BY requested_at FOR UPDATE SKIP LOCKED LIMIT 1)
    RETURNING email_canonical, application, wants_user_name
"""


async def ask_for_reminder(
    application: Application, email: str, language: str, sending: str, *, wants_user_name: bool = False
) -> None:
    """Notes that somebody asked for a new password, or for the user names, of an e-mail; of a double click once."""
    asked = (email[:320], canonical_email(email)[:400], application.id, language, wants_user_name)
    async with DB.transaction():
        if not await is_sent_twice(sending):
            await DB.execute(_NOTE, new_key(), *asked)


async def answer_reminder_requests(at_most: int = 100) -> int:
    """Answers what was asked, oldest first; how many requests there were. A job of the worker.

    Each request is answered in one transaction with its removal: after a crash it is answered anew.
    """
    for answered in range(at_most):
        async with DB.transaction():
            request = await DB.fetch_row(_CLAIM)
            if request is None:
                return answered
            await _answer(request)
    return at_most


async def _answer(request: dict[str, Any]) -> None:
    asked_at = application_by_id(request["application"])
    if asked_at is None or await has_had_enough_mails("reminder", request["email_canonical"]):
        return
    people = await DB.fetch(
        PERSON + " WHERE u.email_canonical = $1 AND u.is_active ORDER BY u.created_at LIMIT 50",
        request["email_canonical"],
    )
    for application in dict.fromkeys(application_of(one) for one in people):
        # Staff are reminded by the back office only: a shop's page must not lead into it.
        if application is None or application.is_back_office != asked_at.is_back_office:
            continue
        own = [one for one in people if application_of(one) is application]
        if request["wants_user_name"]:
            await _mail_user_names(application, own)
        else:
            await _mail_links(application, own)


async def _mail_links(application: Application, people: Sequence[dict[str, Any]]) -> None:
    # One mail lists each account of the e-mail with its own link (domain.md 5).
    accounts = [
        (one["login"], await reset_link(one["user_id"], application, application.reset_minutes))
        for one in people
    ]
    await _mail(
        "password_reminder", application, people[0], accounts=accounts, minutes=application.reset_minutes
    )


async def _mail_user_names(application: Application, people: Sequence[dict[str, Any]]) -> None:
    await _mail(
        "user_names",
        application,
        people[0],
        logins=[one["login"] for one in people],
        sign_in_link=links_of(application).url("sign_in"),
    )


async def _mail(kind: str, application: Application, person: dict[str, Any], **context: object) -> None:
    await queue_mail_to(
        person,
        application=application,
        kind=kind,
        **context,
    )
