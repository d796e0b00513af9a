"""Joining by the domain of one's e-mail: a company lets colleagues ask, an administrator decides (domain.md 10).

Only the domain of an administrator's own verified e-mail can be switched on, and none where anybody gets an
address: else strangers would see which companies are customers, and ask them.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.applications import Application, application_by_id, application_for_type
from app.audit import record
from app.company_users.invitations import refuse_roles
from app.company_users.managing import managing
from app.company_users.roles import recorded_names, roles_of
from app.customers.creation import add_member
from app.customers.mail_domains import domain_of, is_public
from app.customers.permissions import Permission
from app.customers.types import Extension, all_customer_types
from app.errors import Conflict
from app.mail.people import name_of_person, queue_mail_to
from app.other_customers import url_within
from app.visitor import Visitor
from tables import Customer, User
from tables.engine import DB
from tables.keys import new_key

# As many decide at most; more mails about one wish help nobody.
MOST_DECIDERS = 20


class DomainRefused(Exception):
    """The domain cannot be switched on: anybody can have an e-mail there, or none is verified."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Somebody asks to join the company. The time is UTC."""

    id: uuid.UUID
    name: str
    email: str
    comment: str
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinableCompany:
    """A company that lets people of the visitor's e-mail domain ask."""

    number: str
    name: str
    # Whether the visitor has asked already and waits.
    is_asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCompany:
    """A company for which a person may act, here or in another shop."""

    number: str
    name: str
    # Where it can be acted for; None where no shop admits it any more.
    application: Application | None
    is_active: bool
    approval_status: str


_OWN = """
    SELECT c.number, coalesce(nullif(co.company_name, ''), nullif(c.search_name, ''), c.number) AS name,
           c.customer_type, c.approval_status, m.is_active AND c.is_active AS is_active
    FROM memberships m JOIN customers c ON c.id = m.customer LEFT JOIN companies co ON co.customer = c.id
    WHERE m."user" = $1 AND c.customer_type = ANY($2::text[]) ORDER BY lower(co.company_name), c.number
"""
_DOMAIN = "SELECT join_domain FROM companies WHERE customer = $1"
_SET_DOMAIN = "UPDATE companies SET join_domain = $2 WHERE customer = $1 AND join_domain <> $2"
_VERIFIED_EMAIL = "SELECT email FROM users WHERE id = $1 AND is_active AND email_verified_at IS NOT NULL"
_JOINABLE = """
    SELECT c.id, c.number, co.company_name AS name, c.application, c.customer_type,
           EXISTS (SELECT FROM join_requests j
                   WHERE j.customer = c.id AND j."user" = $2 AND j.state = 'pending') AS is_asked
    FROM companies co JOIN customers c ON c.id = co.customer
    WHERE co.join_domain = $1 AND co.join_domain <> '' AND c.is_active AND c.approval_status = 'approved'
      AND NOT EXISTS (SELECT FROM memberships m WHERE m.customer = c.id AND m."user" = $2)
    ORDER BY lower(co.company_name), c.number LIMIT 20
"""
# Who was refused may ask again after a week.
_ASK = """
    INSERT INTO join_requests (id, customer, "user", state, comment, requested_at)
    SELECT $1, $2, $3, 'pending', $4, now()
    WHERE NOT EXISTS (SELECT FROM join_requests WHERE customer = $2 AND "user" = $3 AND state = 'refused'
                      AND decided_at > now() - interval '7 days')
    ON CONFLICT (customer, "user") WHERE state = 'pending' DO NOTHING
"""
_DECIDERS = """
    SELECT u.id AS user_id, u.email, u.login, u.first_name, u.last_name, u.preferred_language
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m.is_active AND u.is_active AND m.roles && $2::varchar[]
    ORDER BY m.created_at LIMIT $3
"""
_LIMITS = """
    UPDATE memberships SET order_limit = $2, budget_amount = $3, budget_period = $4 WHERE id = $1
"""
_WISHES = """
    SELECT j.id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name, u.email,
           j.comment, j.requested_at
    FROM join_requests j JOIN users u ON u.id = j."user"
    WHERE j.customer = $1 AND j.state = 'pending' ORDER BY j.requested_at LIMIT 200
"""
_WISH = """
    SELECT j.state, u.id AS user_id, u.email, u.login, u.first_name, u.last_name, u.preferred_language,
           (SELECT c.number FROM customers c WHERE c.id = j.customer) AS number,
           u.is_active AND u.email_verified_at IS NOT NULL AS may_join, co.company_name AS company,
           EXISTS (SELECT FROM memberships m WHERE m.customer = $2 AND m."user" = u.id) AS is_member
    FROM join_requests j JOIN users u ON u.id = j."user" JOIN companies co ON co.customer = j.customer
    WHERE j.id = $1 AND j.customer = $2 FOR UPDATE OF j
"""
_DECIDE = """
    UPDATE join_requests SET state = $2, decided_at = now(), decided_by = $3 WHERE id = $1 AND state = 'pending'
"""


async def join_domain_of(customer_id: uuid.UUID | None) -> str:
    """The domain whose people may ask to join the company, "" for nobody."""
    return await DB.fetch_value(_DOMAIN, customer_id) or ""


async def own_domain(visitor: Visitor) -> str:
    """The domain that the visitor can switch on: that of their verified e-mail, "" for a public mail host."""
    if visitor.account is None:
        return ""
    domain = domain_of(await DB.fetch_value(_VERIFIED_EMAIL, visitor.account.user_id) or "")
    return "" if is_public(domain) else domain


async def let_domain_ask(visitor: Visitor, *, is_on: bool) -> str:
    """Lets people with a verified e-mail of the visitor's domain ask to join, or nobody any more; the domain.

    Raises DomainRefused for a public mail host, and NotPermitted.
    """
    async with managing(visitor) as change:
        domain = await own_domain(visitor) if is_on else ""
        if is_on and not domain:
            raise DomainRefused
        before = await join_domain_of(change.customer_id)
        if await DB.execute(_SET_DOMAIN, change.customer_id, domain):
            await record(
                "joining by e-mail domain changed",
                visitor=visitor,
                customer_id=change.customer_id,
                before={"domain": before},
                after={"domain": domain},
            )
        return domain


async def own_companies(user_id: uuid.UUID) -> list[OwnCompany]:
    """The companies of a user, in whichever shop, by name."""
    groups = [one.id for one in all_customer_types().values() if one.applies(Extension.GROUP)]
    return [
        OwnCompany(
            number=row["number"],
            name=row["name"],
            application=application_for_type(row["customer_type"]),
            is_active=row["is_active"],
            approval_status=row["approval_status"],
        )
        for row in await DB.fetch(_OWN, user_id, groups)
    ]


async def joinable_companies(visitor: Visitor) -> list[JoinableCompany]:
    """The companies that the visitor may ask to join."""
    return [
        JoinableCompany(number=row["number"], name=row["name"], is_asked=row["is_asked"])
        for row in await _joinable(visitor)
    ]


async def ask_to_join(visitor: Visitor, number: str, comment: str) -> str:
    """Asks a company to let the visitor join, whose administrators are mailed; its name.

    Asking again while one waits changes nothing. Raises LookupError for a company that lets nobody of this
    e-mail domain ask, and Conflict for one that refused within the last week.
    """
    account = visitor.account
    if account is None:
        raise LookupError
    async with DB.transaction():
        row = next((one for one in await _joinable(visitor) if one["number"] == number), None)
        if row is None:
            raise LookupError(number)
        if row["is_asked"]:
            return str(row["name"])
        if not await DB.execute(_ASK, new_key(), row["id"], account.user_id, comment):
            # The first of two clicks at once has asked: the company is not said to have refused.
            if any(one["number"] == number and one["is_asked"] for one in await _joinable(visitor)):
                return str(row["name"])
            raise Conflict
        await record("joining asked", visitor=visitor, user_id=account.user_id, customer_id=row["id"])
        application = application_by_id(row["application"]) or application_for_type(row["customer_type"])
        if application is not None:
            await _tell_deciders(row, application, account.name, account.email)
        return str(row["name"])


async def wishes_of(customer_id: uuid.UUID | None) -> list[Wish]:
    """Who waits for an answer of the company, the longest first."""
    return [Wish(**row) for row in await DB.fetch(_WISHES, customer_id)]


async def let_join(visitor: Visitor, wish_id: uuid.UUID, roles: Sequence[str]) -> str:
    """Lets somebody join who asked, with these roles and the most that the visitor may give; their name. They are
    mailed.

    Raises LookupError for a wish that is not the company's, Conflict for one that is decided already or whose
    person may not act any more, ChangeRefused and NotPermitted.
    """
    async with managing(visitor) as change:
        row = await _undecided(wish_id, change.customer_id)
        refuse_roles(change.roles, roles, change.may)
        customer = await Customer.objects().get(Customer.id == change.customer_id)
        user = await User.objects().get(User.id == row["user_id"])
        if customer is None or user is None or not row["may_join"]:
            raise Conflict
        if not row["is_member"]:
            membership = await add_member(customer, user, tuple(roles))
            # Nobody grants more than they have (app/company_users/granting.py), and nothing else is asked here.
            limits = change.limits
            await DB.execute(
                _LIMITS, membership.id, limits.order_limit, limits.budget_amount, limits.budget_period
            )
        await _decide(visitor, wish_id, "accepted")
        await record(
            "joining accepted",
            visitor=visitor,
            user_id=user.id,
            customer_id=change.customer_id,
            after={"email": row["email"], "roles": recorded_names(change.roles, roles)},
        )
        await _tell_asker(row, visitor.application, is_accepted=True)
        return name_of_person(row)


async def refuse_to_let_join(visitor: Visitor, wish_id: uuid.UUID) -> str:
    """Refuses somebody who asked to join; their name. They are mailed. Raises as `let_join`."""
    async with managing(visitor) as change:
        row = await _undecided(wish_id, change.customer_id)
        await _decide(visitor, wish_id, "refused")
        await record(
            "joining refused",
            visitor=visitor,
            user_id=row["user_id"],
            customer_id=change.customer_id,
            after={"email": row["email"]},
        )
        await _tell_asker(row, visitor.application, is_accepted=False)
        return name_of_person(row)


async def _joinable(visitor: Visitor) -> list[dict[str, Any]]:
    if visitor.account is None:
        return []
    user_id = visitor.account.user_id
    domain = domain_of(await DB.fetch_value(_VERIFIED_EMAIL, user_id) or "")
    return await DB.fetch(_JOINABLE, domain, user_id) if domain and not is_public(domain) else []


async def _undecided(wish_id: uuid.UUID, customer_id: uuid.UUID) -> dict[str, Any]:
    row = await DB.fetch_row(_WISH, wish_id, customer_id)
    if row is None:
        raise LookupError(f"no wish {wish_id}")
    if row["state"] != "pending":
        raise Conflict
    return row


async def _decide(visitor: Visitor, wish_id: uuid.UUID, state: str) -> None:
    decider = visitor.account.user_id if visitor.account is not None else None
    if not await DB.execute(_DECIDE, wish_id, state, decider):
        raise Conflict


async def _tell_deciders(row: dict[str, Any], application: Application, name: str, email: str) -> None:
    deciding = [one.id for one in await roles_of(row["id"]) if Permission.MANAGE_USERS in one.permissions]
    for one in await DB.fetch(_DECIDERS, row["id"], deciding, MOST_DECIDERS):
        await queue_mail_to(
            one,
            application=application,
            kind="join_asked",
            asker_name=name,
            asker_email=email,
            customer_name=row["name"],
            link=url_within(application, row["number"], "joining"),
        )


async def _tell_asker(row: dict[str, Any], application: Application, *, is_accepted: bool) -> None:
    await queue_mail_to(
        row,
        application=application,
        kind="join_decided",
        customer_name=row["company"],
        is_accepted=is_accepted,
        link=url_within(application, row["number"], "account") if is_accepted else "",
    )
