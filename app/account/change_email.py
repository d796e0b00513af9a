"""Changing one's e-mail, and taking the change back (domain.md 6).

The new address is confirmed by a link, the old one is told and can undo the change for 7 days: whoever has
found out a password must not get hold of the account for good. Everything about one user happens one after
another, since using a link up locks the user first.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.access import Account, SignInNeeded
from app.applications import Application
from app.audit import record
from app.customers.emails import canonical_email, canonical_login
from app.customers.free_logins import is_login_taken, lock_logins
from app.links import links_of
from app.mail.people import queue_mail_to
from app.personal_data.following_email import requests_follow_email, withdraw_requests_since
from app.registration.register import ANSWER_AFTER, answering_after, tell_owner_of_login
from app.segments.segmentation_services import update_segments_of
from app.sign_in.limits import MAILS_IN_AN_HOUR, count_key
from app.sign_in.link_tokens import Link, Purpose, consume, issue, look_up, revoke_links_of
from app.sign_in.sent_twice import is_sent_twice
from app.sign_in.sessions import end_sessions_of
from app.sign_in.taking_back import NOTHING_TAKEN_BACK, TakenBack, authenticator_in_use, take_back_since
from app.visitor import Visitor
from tables import User
from tables.engine import DB

UNDO_MINUTES = 7 * 24 * 60

_PENDING = """
    SELECT details ->> 'email' FROM link_tokens
    WHERE "user" = $1 AND purpose = $2 AND application = $3
      AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now()
    ORDER BY created_at DESC, id DESC LIMIT 1
"""
_CHANGE = """
    UPDATE users SET email = $2, email_canonical = $3, login = $4, login_canonical = $5,
                     email_verified_at = now(), version = version + 1
    WHERE id = $1
"""
_IS_ACTIVE = """
    SELECT EXISTS (SELECT FROM users u JOIN memberships m ON m."user" = u.id JOIN customers c ON c.id = m.customer
                   WHERE u.id = $1 AND u.is_active AND m.is_active AND c.is_active)
"""
# A later link to undo went to an address that came after: it must not bring that one back.
_REVOKE_LATER_UNDOS = """
    UPDATE link_tokens SET revoked_at = now()
    WHERE "user" = $1 AND purpose = $2 AND used_at IS NULL AND revoked_at IS NULL
      AND (details ->> 'version')::int > $3
"""


class Outcome(StrEnum):
    """What became of a link that was pressed."""

    DONE = "done"
    # Somebody else has the login, or can have it back.
    TAKEN = "taken"
    # See the state of the link.
    REFUSED = "refused"


async def ask_for_email_change(visitor: Visitor, email: str, sending: str) -> None:
    """Mails a link to the new address, of a double click once; links that were sent before stop working.

    An address that is somebody else's login gets the same answer after the same time; its owner is told by
    mail, as at registration (domain.md 4). Raises TooManyTries after 5 in an hour, and SignInNeeded when the
    session was ended meanwhile.
    """
    account, application = _account_of(visitor), visitor.application
    async with answering_after(ANSWER_AFTER), DB.transaction():
        if await is_sent_twice(sending) and await pending_email(visitor) == email:
            return
        await count_key(f"email-change:{account.user_id.hex}", MAILS_IN_AN_HOUR, 60)
        user = await _locked(account.user_id)
        if user is None or user.session_epoch != account.session_epoch:
            # The session has just ended, perhaps by undoing a change: nothing may come of it any more.
            raise SignInNeeded
        await revoke_links_of(user.id, Purpose.CHANGE_EMAIL)
        # Made in any case: the page shows alike what is waited for.
        token = await issue(
            Purpose.CHANGE_EMAIL,
            user.id,
            application,
            application.reset_minutes,
            details={"email": email, "from": user.email_canonical},
        )
        await record("e-mail change asked", visitor=visitor, user_id=user.id, customer_id=account.customer_id)
        if _login_follows(application) and await is_login_taken(canonical_login(email), user.id):
            await tell_owner_of_login(application, email)
            return
        await queue_mail_to(
            user,
            email,
            application=application,
            kind="confirm_new_email",
            link=links_of(application).url("confirm_email", token=token),
            minutes=application.reset_minutes,
        )


async def pending_email(visitor: Visitor) -> str:
    """The new address that the visitor has asked for and not confirmed yet, or ""."""
    account = _account_of(visitor)
    found = await DB.fetch_value(
        _PENDING, account.user_id, Purpose.CHANGE_EMAIL.value, visitor.application.id
    )
    return str(found or "")


async def withdraw_email_change(visitor: Visitor) -> None:
    """Lets the link that was sent to a new address stop working."""
    async with DB.transaction():
        await revoke_links_of(_account_of(visitor).user_id, Purpose.CHANGE_EMAIL)


async def link_to_confirm(token: str, application: Application) -> Link | None:
    """What the link in the mail to the new address stands for. Looking at it does not use it up."""
    return await look_up(token, Purpose.CHANGE_EMAIL, application)


async def confirm_email_change(token: str, application: Application) -> Outcome:
    """Uses the link up: the e-mail changes, and the login with it where the e-mail is the login (domain.md 3).

    In one transaction: links that went to the old address die, and the old address is told, with a link to
    undo the change. The e-mail of whoever was deactivated stays: enabling them mails a link to a new password.
    """
    async with DB.transaction() as transaction:
        link = await consume(token, Purpose.CHANGE_EMAIL, application)
        user = await _locked(link.user_id) if link is not None else None
        is_current = link is not None and user is not None and link.details["from"] == user.email_canonical
        if link is None or user is None or not is_current or not await DB.fetch_value(_IS_ACTIVE, user.id):
            await transaction.rollback()
            return Outcome.REFUSED
        email = str(link.details["email"])
        login = email if _login_follows(application) else user.login
        await lock_logins(user.login_canonical, canonical_login(login))
        if await is_login_taken(canonical_login(login), user.id):
            # The link stays used: it cannot come true any more.
            return Outcome.TAKEN
        await _set_email(user, email, login)
        await revoke_links_of(user.id, Purpose.RESET_PASSWORD, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)
        undo = await issue(
            Purpose.UNDO_EMAIL_CHANGE,
            user.id,
            application,
            UNDO_MINUTES,
            details={
                "email": user.email,
                "login": user.login if _login_follows(application) else "",
                "login_canonical": user.login_canonical if _login_follows(application) else "",
                "version": user.version,
                "authenticator": await authenticator_in_use(user.id),
            },
        )
        await record(
            "e-mail changed",
            user_id=user.id,
            before={"email": user.email, "login": user.login},
            after={"email": email, "login": login},
        )
        # To the old address: the user was read before the change.
        await queue_mail_to(
            user,
            application=application,
            kind="email_changed",
            new_email=email,
            time=datetime.now(UTC),
            link=links_of(application).url("undo_email_change", token=undo),
            minutes=UNDO_MINUTES,
        )
    return Outcome.DONE


async def link_to_undo(token: str, application: Application) -> Link | None:
    """What the link in the notice to the old address stands for. Looking at it does not use it up."""
    return await look_up(token, Purpose.UNDO_EMAIL_CHANGE, application)


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a link to undo. `reset_token` is that of a link to a new password; it and `taken_back` say
    nothing unless the change was undone."""

    outcome: Outcome
    reset_token: str = ""
    taken_back: TakenBack = NOTHING_TAKEN_BACK


async def undo_email_change(token: str, application: Application) -> Undone:
    """Uses the link up: e-mail and login are again what they were when it was sent.

    In one transaction: all sessions end; open changes, resets and links to undo that were sent later die, and so
    do requests about the data, and whatever opens the account, that came since (app/sign_in/taking_back.py). Links
    to undo that were sent earlier still work: the oldest address wins.
    """
    async with DB.transaction() as transaction:
        link = await consume(token, Purpose.UNDO_EMAIL_CHANGE, application)
        user = await _locked(link.user_id) if link is not None else None
        if link is None or user is None:
            await transaction.rollback()
            return Undone(Outcome.REFUSED)
        login = str(link.details["login"] or user.login)
        await lock_logins(user.login_canonical, canonical_login(login))
        if await is_login_taken(canonical_login(login), user.id):
            await transaction.rollback()
            return Undone(Outcome.TAKEN)
        await withdraw_requests_since(link.id, user.id)
        await _set_email(user, str(link.details["email"]), login)
        taken_back = await take_back_since(link, user.id, application)
        await end_sessions_of(user.id)
        await revoke_links_of(user.id, Purpose.RESET_PASSWORD, Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)
        await DB.execute(
            _REVOKE_LATER_UNDOS, user.id, Purpose.UNDO_EMAIL_CHANGE.value, link.details["version"]
        )
        await record(
            "e-mail change undone",
            user_id=user.id,
            before={"email": user.email, "login": user.login},
            after={"email": link.details["email"], "login": login},
        )
        await queue_mail_to(user, application=application, kind="email_change_undone", time=datetime.now(UTC))
        reset = await issue(Purpose.RESET_PASSWORD, user.id, application, application.reset_minutes)
        return Undone(Outcome.DONE, reset, taken_back)


def _login_follows(application: Application) -> bool:
    return application.login_type == "email"


def _account_of(visitor: Visitor) -> Account:
    if visitor.account is None:
        raise SignInNeeded
    return visitor.account


async def _locked(user_id: uuid.UUID) -> User | None:
    """The user, who stays as they are until the current transaction ends; None for one who was deleted."""
    await DB.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
    user = await User.objects().get(User.id == user_id)
    return user if user is not None and user.anonymised_at is None else None


async def _set_email(user: User, email: str, login: str) -> None:
    # Both links were in the mailbox that they lead to, so that the e-mail is verified.
    await DB.execute(_CHANGE, user.id, email, canonical_email(email), login, canonical_login(login))
    # A rule of a segment may ask for the domain of the e-mail (domain.md 7).
    for row in await DB.fetch(
        'SELECT customer FROM memberships WHERE "user" = $1 ORDER BY customer', user.id
    ):
        await update_segments_of(row["customer"])
    await requests_follow_email(user.id)
