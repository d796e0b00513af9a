"""Registering a customer with its first user (domain.md 4)."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.applications import Application, all_applications
from app.audit import record
from app.customers.address_form import address_details
from app.customers.companies import company_details
from app.customers.consents import accept_terms, refuse_newsletter
from app.customers.creation import LoginTaken, NewCustomer, NewUser, create_customer
from app.customers.emails import canonical_login
from app.customers.free_logins import login_kept_for
from app.customers.phones import normalised_phone
from app.customers.types import CustomerType, Extension
from app.links import links_of
from app.mail.people import queue_mail_to
from app.newsletter.opt_in import order_newsletter
from app.registration.forms import CompanyRegistrationForm, RegistrationForm
from app.registration.verify_email import send_verification_mail
from app.sign_in.limits import has_had_enough_mails
from app.sign_in.passwords import hash_password
from app.sign_in.sent_twice import is_sent_twice
from tables import User
from tables.engine import DB

# Seconds. Longer than the work ever takes: the time of an answer does not tell whether an e-mail is known.
ANSWER_AFTER = 0.25

_TYPES_OF_USER = """
    SELECT DISTINCT c.customer_type FROM memberships m JOIN customers c ON c.id = m.customer WHERE m."user" = $1
"""


async def register(
    application: Application,
    customer_type: CustomerType,
    form: RegistrationForm,
    language: str,
    sending: str,
) -> None:
    """Registers a customer and mails the link that verifies the e-mail; of a double click once.

    An e-mail that has an account gets the same answer after the same time; its owner is told by mail instead
    (domain.md 4). Raises LoginTaken where people choose user names: those are told, since they name nobody.
    """
    # Everybody waits as long for the hash, however many stand in its queue. The clock runs for what is different.
    password_hash = await hash_password(form.password)
    async with answering_after(ANSWER_AFTER), DB.transaction():
        if await is_sent_twice(sending):
            return
        try:
            async with DB.transaction():
                await _create(application, customer_type, form, password_hash, language)
        except LoginTaken:
            if application.login_type == "username":
                raise
            await tell_owner_of_login(application, form.email)


@asynccontextmanager
async def answering_after(seconds: float) -> AsyncIterator[None]:
    """Lets the block take at least so many seconds, however little there was to do."""
    started = time.monotonic()
    yield
    await asyncio.sleep(max(0.0, seconds - (time.monotonic() - started)))


async def _create(
    application: Application,
    customer_type: CustomerType,
    form: RegistrationForm,
    password_hash: str,
    language: str,
) -> NewCustomer:
    country = form.address.country if form.address is not None else ""
    is_company = isinstance(form, CompanyRegistrationForm)
    created = await create_customer(
        application=application,
        customer_type=customer_type,
        user=NewUser(
            login=form.login if application.login_type == "username" else form.email,
            email=form.email,
            password_hash=password_hash,
            title=form.title,
            first_name=form.first_name,
            last_name=form.last_name,
            birthday=form.birthday,
            phone=normalised_phone(form.phone, country or application.default_country),
            preferred_language=form.preferred_language or language,
        ),
        company=company_details(form, country) if is_company else None,
        address=address_details(
            form.address,
            first_name=form.first_name,
            last_name=form.last_name,
            company_name=getattr(form, "company_name", ""),
        )
        if form.address is not None
        else None,
    )
    if created.user is None or created.membership is None:
        raise RuntimeError("a registration always creates a user")
    await accept_terms(created.user.id, application)
    if form.newsletter:
        await order_newsletter(created.user.id, application)
    else:
        await refuse_newsletter(created.user.id, application)
    if customer_type.registered is not None:
        await customer_type.registered(created.customer, created.user, created.membership, form)
    await send_verification_mail(application, created.user, created.customer.id)
    await record(
        "customer registered",
        user_id=created.user.id,
        customer_id=created.customer.id,
        after={
            "number": created.customer.number,
            "customer_type": customer_type.id,
            "application": application.id,
        },
    )
    return created


async def tell_owner_of_login(application: Application, email: str) -> None:
    """Queues a mail to whoever has the login, or can have it back, that somebody else wanted it."""
    canonical = canonical_login(email)
    if await has_had_enough_mails("already-registered", canonical):
        return
    owner = await User.objects().get(User.login_canonical == canonical)
    if owner is not None:
        home = await _home_of(owner, application)
        links = links_of(home or application)
        # To the stored spelling: what was typed may only compare equal (security.md, Input).
        await queue_mail_to(
            owner,
            application=application,
            kind="already_registered",
            sign_in_link=links.url("sign_in"),
            reset_link=links.url("forgotten_password"),
            companies_link=_companies_link(application, home),
            there=(home or application).name,
        )
        return
    kept = await login_kept_for(canonical)
    owner = await User.objects().get(User.id == kept.user_id) if kept is not None else None
    if kept is not None and owner is not None:
        await queue_mail_to(
            owner,
            kept.email,
            application=application,
            kind="email_kept",
        )


async def _home_of(owner: User, application: Application) -> Application | None:
    """Where somebody with a login signs in, here if they may: other shops would tell them that they are wrong."""
    rows = await DB.fetch(_TYPES_OF_USER, owner.id)
    shops = (application, *all_applications())
    at_home = (one for one in shops if any(one.admits(row["customer_type"]) for row in rows))
    return next(at_home, None)


def _companies_link(application: Application, home: Application | None) -> str:
    """Where somebody with a login adds a company, told where companies register; "" elsewhere (domain.md 4)."""
    registers_companies = any(one.applies(Extension.GROUP) for one in application.login)
    return links_of(home).url("own_companies") if home is not None and registers_companies else ""
