"""Who gets the newsletter: only who has ticked it and confirmed it by a link in a mail (double opt-in).

So nobody is entered by somebody else who knows their e-mail, and the shop can show who agreed when: each step is
a row of the consents.
"""

import re
import uuid
from enum import StrEnum
from typing import Any

from app.applications import Application
from app.customers.consents import refuse_newsletter, want_newsletter
from app.links import links_of
from app.mail.outbox import queue_mail
from app.sign_in.link_tokens import Purpose, consume, issue, revoke_links_of
from app.sign_in.sent_twice import NOT_SENT, is_sent_twice
from tables.engine import DB

HOURS_TO_CONFIRM = 7 * 24
_KEY = re.compile("[0-9a-f]{32}")


class NewsletterState(StrEnum):
    """Where a person stands."""

    CONFIRMED = "confirmed"
    # Ticked, and the link in the mail is yet to be opened.
    ASKED = "asked"
    NONE = "none"


_PERSON = """
    SELECT id, email, email_canonical, preferred_language, coalesce(nullif(trim(first_name || ' ' || last_name), ''),
           login) AS name
    FROM users WHERE id = $1 AND anonymised_at IS NULL
"""
_IS_GIVEN = """
    SELECT coalesce((SELECT is_given FROM consents WHERE "user" = $1 AND kind = 'newsletter'
                     ORDER BY recorded_at DESC, id DESC LIMIT 1), false)
"""
_IS_ASKED = """
    SELECT EXISTS (SELECT FROM link_tokens WHERE "user" = $1 AND purpose = $2 AND used_at IS NULL
                   AND revoked_at IS NULL AND expires_at > now())
"""


async def newsletter_state(user_id: uuid.UUID) -> NewsletterState:
    """Whether a person gets the newsletter, has yet to confirm it, or does not want it."""
    if await DB.fetch_value(_IS_GIVEN, user_id):
        return NewsletterState.CONFIRMED
    asked = await DB.fetch_value(_IS_ASKED, user_id, Purpose.CONFIRM_NEWSLETTER.value)
    return NewsletterState.ASKED if asked else NewsletterState.NONE


async def order_newsletter(user_id: uuid.UUID, application: Application, sending: str = NOT_SENT) -> None:
    """Mails the link that confirms the newsletter, in the current transaction; an older link stops working.
    Nothing for somebody who has it already, or clicks twice."""
    async with DB.transaction():
        # Asked in this order: the second of two at once waits in the middle until the first has ordered.
        if await is_sent_twice(sending) and await newsletter_state(user_id) is NewsletterState.ASKED:
            return
        person = await DB.fetch_row(_PERSON, user_id)
        if person is None or await DB.fetch_value(_IS_GIVEN, user_id):
            return
        await revoke_links_of(user_id, Purpose.CONFIRM_NEWSLETTER)
        token = await issue(
            Purpose.CONFIRM_NEWSLETTER,
            user_id,
            application,
            HOURS_TO_CONFIRM * 60,
            details={"email": person["email_canonical"]},
        )
        await _mail(
            "newsletter_confirm",
            person,
            application,
            link=links_of(application).url("confirm_newsletter", token=token),
            hours=HOURS_TO_CONFIRM,
        )


async def confirm_newsletter(token: str, application: Application) -> bool:
    """Uses a link up: from now on the person gets the newsletter. False when the link does not work, for example
    since the e-mail has changed meanwhile."""
    async with DB.transaction() as transaction:
        link = await consume(token, Purpose.CONFIRM_NEWSLETTER, application)
        person = await DB.fetch_row(_PERSON, link.user_id) if link is not None else None
        if link is None or person is None or person["email_canonical"] != link.details.get("email"):
            await transaction.rollback()
            return False
        key = await want_newsletter(link.user_id, application)
        await _mail(
            "newsletter_welcome",
            person,
            application,
            unsubscribe_link=unsubscribe_link(key, application),
        )
    return True


async def end_newsletter(user_id: uuid.UUID, application: Application) -> None:
    """Ends the newsletter of a person, and the links that would begin it. Doing it twice changes nothing more."""
    async with DB.transaction():
        # The row is locked, so that of two clicks at once the second one finds nothing left to end.
        if await DB.fetch_row("SELECT id FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id) is None:
            return
        await revoke_links_of(user_id, Purpose.CONFIRM_NEWSLETTER)
        if await DB.fetch_value(_IS_GIVEN, user_id):
            await refuse_newsletter(user_id, application)


def unsubscribe_link(key: uuid.UUID, application: Application) -> str:
    """The absolute address that ends the newsletter for which a consent has this key.

    It works for as long as the person is known: it is found in the consents and signed with no key that is dropped
    some day, since old mails are kept for years. It can do nothing else.
    """
    return links_of(application).url("unsubscribe", token=key.hex)


async def user_of_unsubscribe_token(token: str, application: Application) -> uuid.UUID | None:
    """Whose newsletter a token ends, or None when it is none of this application."""
    if not _KEY.fullmatch(token):
        return None
    found: uuid.UUID | None = await DB.fetch_value(
        'SELECT "user" FROM consents WHERE unsubscribe_key = $1 AND application = $2',
        uuid.UUID(hex=token),
        application.id,
    )
    return found


async def _mail(kind: str, person: dict[str, Any], application: Application, **context: object) -> None:
    language = person["preferred_language"]
    await queue_mail(
        application=application,
        kind=kind,
        user_id=person["id"],
        to_email=person["email"],
        to_name=person["name"],
        language=language if language in application.languages else application.languages[0],
        name=person["name"],
        **context,
    )
