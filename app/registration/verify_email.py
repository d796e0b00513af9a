"""Verifying that an e-mail belongs to the person who registered (domain.md 4)."""

import uuid

from app.applications import Application, application_by_id, back_office
from app.audit import record
from app.customers.emails import canonical_email
from app.customers.extensions import display_name_of
from app.customers.types import customer_type_of
from app.links import links_of
from app.mail.outbox import queue_mail
from app.mail.people import queue_mail_to
from app.segments.segmentation_services import update_segments_of
from app.sign_in.limits import has_had_enough_mails
from app.sign_in.link_tokens import Purpose, consume, issue, revoke_links_of
from app.sign_in.sent_twice import is_sent_twice
from tables import Customer, User
from tables.customers import ApprovalStatus
from tables.engine import DB

# The user is locked by whoever asks.
_VERIFY = """
    UPDATE users SET email_verified_at = coalesce(before.email_verified_at, now())
    FROM (SELECT id, email_verified_at FROM users WHERE id = $1 AND email_canonical = $2) AS before
    WHERE users.id = before.id
    RETURNING before.email_verified_at IS NULL AS is_news
"""
_CUSTOMERS_OF = """
    SELECT customer FROM memberships WHERE "user" = $1 ORDER BY customer
"""
_UNVERIFIED = """
    SELECT u.id AS user_id, u.email_canonical, m.customer AS customer_id
    FROM users u LEFT JOIN memberships m ON m."user" = u.id
    WHERE (u.id = $1 OR u.email_canonical = $2) AND u.email_verified_at IS NULL
    ORDER BY m.created_at, u.id LIMIT 10
"""


async def send_verification_mail(application: Application, user: User, customer_id: uuid.UUID | None) -> None:
    """Queues a mail with a new link, in the current transaction; links sent before stop working."""
    await revoke_links_of(user.id, Purpose.VERIFY_EMAIL)
    minutes = application.verification_minutes
    token = await issue(
        Purpose.VERIFY_EMAIL,
        user.id,
        application,
        minutes,
        customer_id=customer_id,
        details={"email": canonical_email(user.email)},
    )
    await queue_mail_to(
        user,
        application=application,
        kind="verify_email",
        link=links_of(application).url("verify_email", token=token),
        **({"hours": minutes // 60} if minutes % 60 == 0 else {"minutes": minutes}),
    )


async def verify_email(token: str, application: Application) -> Customer | None:
    """Uses a link up: the e-mail is verified. Gives the customer who registered with it.

    None when the link does not work, for example since the e-mail has changed meanwhile.
    """
    async with DB.transaction() as transaction:
        link = await consume(token, Purpose.VERIFY_EMAIL, application)
        if link is None or not await note_verified_email(link.user_id, link.details["email"]):
            await transaction.rollback()
            return None
        return await Customer.objects().get(Customer.id == link.customer_id)


async def note_verified_email(user_id: uuid.UUID, email_canonical: str) -> bool:
    """Notes that somebody has read mail at this e-mail, by whichever link; False when it is no longer theirs.

    In the current transaction, which has locked the user. The first time a customer that waits for approval is
    announced to staff, not before: anybody could have staff write to foreign addresses, or bury them in applications.
    """
    is_news = await DB.fetch_value(_VERIFY, user_id, email_canonical)
    if not is_news:
        return is_news is not None
    user = await User.objects().get(User.id == user_id)
    for row in await DB.fetch(_CUSTOMERS_OF, user_id):
        await record("e-mail verified", user_id=user_id, customer_id=row["customer"])
        await update_segments_of(row["customer"])
        customer = await Customer.objects().get(Customer.id == row["customer"])
        if user is not None and customer is not None and customer.approval_status == ApprovalStatus.PENDING:
            await announce_application(customer, user)
    return True


async def send_verification_mails_again(
    application: Application, *, sending: str, user_id: uuid.UUID | None = None, email: str = ""
) -> None:
    """Sends a new link to a user, or to all of an e-mail, as far as they are not verified; else nothing. Of a double
    click once."""
    async with DB.transaction():
        if await is_sent_twice(sending):
            return
        unverified = await DB.fetch(_UNVERIFIED, user_id, canonical_email(email) if email else None)
        # Each new link ends the one before: without a limit a stranger could keep somebody from ever verifying.
        if not unverified or await has_had_enough_mails("verification", unverified[0]["email_canonical"]):
            return
        for row in unverified:
            user = await User.objects().get(User.id == row["user_id"])
            if user is not None:
                await send_verification_mail(application, user, row["customer_id"])


async def announce_application(customer: Customer, user: User) -> None:
    """Mails the recipients of the application where a customer registered that it awaits approval, and the
    applicant that it was received; in the current transaction."""
    application = application_by_id(customer.application)
    if application is None:
        return
    customer_name = await display_name_of(customer)
    await queue_mail_to(
        user,
        application=application,
        kind="approval_received",
        customer_name=customer_name,
    )
    staff = back_office()
    for recipient in application.approval_recipients if staff is not None else ():
        await queue_mail(
            application=application,
            kind="approval_requested",
            user_id=None,
            to_email=recipient,
            to_name="",
            language=application.languages[0],
            customer_name=customer_name,
            customer_type_name=customer_type_of(customer.customer_type).name,
            number=customer.number,
            link=links_of(staff).url("customer", number=customer.number) if staff is not None else "",
        )
