"""Accepting an invitation, as somebody new or with a login that there is already (domain.md 10).

Everything is looked at once more when it is accepted: the inviter may have lost what they granted since.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from app.applications import Application, all_applications
from app.audit import record
from app.company_users.invitations import invitation_of_token
from app.company_users.invitations_judging import inviter_still_grants
from app.company_users.roles import recorded_names, roles_of
from app.customers.consents import accept_terms, refuse_newsletter
from app.customers.creation import NewUser, add_member, create_user
from app.sign_in.breached_passwords import breach_problem
from app.sign_in.passwords import hash_password, password_problem
from app.visitor import Visitor
from tables import Customer, User
from tables.customers import ApprovalStatus
from tables.engine import DB


class InvitationState(StrEnum):
    """Whether an invitation can be accepted, and if not, why."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REVOKED = "revoked"
    EXPIRED = "expired"
    # The inviter has left, or may not grant these roles any more.
    INVITER_GONE = "inviter_gone"
    # The company may not act in this application (any more).
    COMPANY_GONE = "company_gone"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An invitation that somebody has opened: what the page shows, and all that decides."""

    id: uuid.UUID
    state: InvitationState
    customer_id: uuid.UUID
    customer_number: str
    company: str
    inviter: str
    email: str
    email_canonical: str
    first_name: str
    last_name: str
    language: str
    roles: tuple[str, ...]
    order_limit: int | None
    budget_amount: int | None
    budget_period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Whether the e-mail of an invitation has a login, and where its person signs in (None: nowhere)."""

    is_known: bool
    application: Application | None


class InvitationRefused(Exception):
    """The invitation cannot be accepted; `state` says why."""

    def __init__(self, state: InvitationState) -> None:
        super().__init__(state)
        self.state = state


class SomebodyElse(Exception):
    """The invitation was sent to another e-mail than that of the person who wants to accept it."""


_OPENED = """
    SELECT i.id, i.application, i.accepted_at, i.revoked_at, i.expires_at <= now() AS is_expired,
           i.email, i.email_canonical, i.first_name, i.last_name, i.language, i.roles, i.order_limit,
           i.budget_amount, i.budget_period,
           c.id AS customer_id, c.number AS customer_number, c.customer_type, c.is_active AS customer_is_active,
           c.approval_status,
           coalesce(nullif(co.company_name, ''), nullif(c.search_name, ''), c.number) AS company,
           im.roles AS inviter_roles, im.order_limit AS inviter_order_limit,
           im.budget_amount AS inviter_budget_amount, im.budget_period AS inviter_budget_period,
           coalesce(im.is_active AND iu.is_active, false) AS inviter_is_active,
           coalesce(nullif(trim(iu.first_name || ' ' || iu.last_name), ''), iu.login, '') AS inviter
    FROM invitations i JOIN customers c ON c.id = i.customer
    LEFT JOIN companies co ON co.customer = c.id
    LEFT JOIN memberships im ON im.id = i.invited_by AND im.customer = i.customer
    LEFT JOIN users iu ON iu.id = im."user"
"""
_BY_ID = _OPENED + " WHERE i.id = $1"
_WAITING = (
    _OPENED
    + """
    WHERE i.email_canonical = (SELECT email_canonical FROM users
                               WHERE id = $1 AND email_verified_at IS NOT NULL AND is_active)
      AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
      AND NOT EXISTS (SELECT FROM memberships m WHERE m.customer = i.customer AND m."user" = $1)
    ORDER BY i.sent_at DESC LIMIT 50
"""
)
_OWNERS = """
    SELECT u.id, array_remove(array_agg(c.customer_type ORDER BY m.is_active DESC, m.created_at), NULL) AS types
    FROM users u LEFT JOIN memberships m ON m."user" = u.id LEFT JOIN customers c ON c.id = m.customer
    WHERE u.email_canonical = $1 OR u.login_canonical = $1 GROUP BY u.id
"""
# Whoever changes the company's people waits here too (app/company_users/managing.py), so that nobody loses the
# right to invite while their invitation is being accepted.
_LOCK = """
    SELECT FROM customers WHERE id = (SELECT customer FROM invitations WHERE id = $1) FOR NO KEY UPDATE
"""
_ACCEPT = """
    UPDATE invitations SET accepted_at = now()
    WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > now()
"""
_VERIFIED_EMAIL = """
    SELECT email_canonical FROM users WHERE id = $1 AND is_active AND email_verified_at IS NOT NULL
"""
_IS_MEMBER = 'SELECT EXISTS (SELECT FROM memberships WHERE "user" = $1 AND customer = $2)'
_LIMITS = """
    UPDATE memberships SET order_limit = $2, budget_amount = $3, budget_period = $4 WHERE id = $1
"""


async def opened(token: str, application: Application) -> Opened | None:
    """The invitation of a link, whatever became of it; None for a link that nobody made or of another shop.

    Looking at it changes nothing, since mail scanners open links too.
    """
    key = invitation_of_token(token)
    row = await DB.fetch_row(_BY_ID, key) if key is not None else None
    if row is None or row["application"] != application.id:
        return None
    return await _judged(row, application)


async def waiting_for(user_id: uuid.UUID) -> list[Opened]:
    """The invitations that a user can accept, wherever they were made, the newest first."""
    found = [await _judged(row, _application(row)) for row in await DB.fetch(_WAITING, user_id)]
    return [one for one in found if one.state is InvitationState.OPEN]


async def owner_of(invitation: Opened, application: Application) -> Owner:
    """Who has the invited e-mail: a known person signs in first, so that nobody joins in their name.

    Where people choose user names several may share an e-mail: then it does not say who is meant.
    """
    rows = await DB.fetch(_OWNERS, invitation.email_canonical)
    types = [one for row in rows for one in row["types"]]
    here = any(application.admits(one) for one in types)
    elsewhere = next((one for one in all_applications() if any(one.admits(kind) for kind in types)), None)
    return Owner(is_known=bool(rows), application=application if here else elsewhere)


async def problem_of_password(invitation: Opened, password: str, *about: str) -> str | None:
    """Why the invited person may not have this password, as a sentence, or None."""
    shops = [one.name for one in all_applications()]
    problem = password_problem(password, [invitation.email, invitation.company, *about, *shops])
    return problem or await breach_problem(password)


async def accept_as_new_user(
    invitation: Opened,
    application: Application,
    *,
    login: str,
    first_name: str,
    last_name: str,
    password: str,
) -> User:
    """Makes a user of the invited person, a member of the company, in one transaction.

    The link came by mail, so the e-mail is verified. Raises InvitationRefused, and LoginTaken when somebody has
    that login or can have it back.
    """
    password_hash = await hash_password(password)
    async with DB.transaction():
        current = await _locked(invitation.id, application)
        user = await create_user(
            NewUser(
                login=login,
                email=current.email,
                email_verified_at=datetime.now(UTC),
                password_hash=password_hash,
                first_name=first_name,
                last_name=last_name,
                preferred_language=current.language,
            )
        )
        await _join(current, user)
        await accept_terms(user.id, application)
        await refuse_newsletter(user.id, application)
        await _record(current, user)
        return user


async def accept_as_known_user(invitation_id: uuid.UUID, visitor: Visitor) -> Opened:
    """Makes the signed-in visitor a member of the company that invited their verified e-mail.

    Raises LookupError where there is no such invitation, InvitationRefused, and SomebodyElse for that of
    another person.
    """
    account = visitor.account
    if account is None or not visitor.is_signed_in:
        raise SomebodyElse
    async with DB.transaction():
        row = await DB.fetch_row("SELECT application FROM invitations WHERE id = $1", invitation_id)
        if row is None:
            raise LookupError(f"no invitation {invitation_id}")
        application = _application(row)
        if application is None:
            raise InvitationRefused(InvitationState.COMPANY_GONE)
        current = await _locked(invitation_id, application, email_of=account.user_id)
        user = await User.objects().get(User.id == account.user_id)
        if user is None:
            raise SomebodyElse
        # Somebody let them in meanwhile: then what they have stays as it is.
        if not await DB.fetch_value(_IS_MEMBER, account.user_id, current.customer_id):
            await _join(current, user)
        await _record(current, user, visitor)
        return current


async def _locked(
    invitation_id: uuid.UUID, application: Application, email_of: uuid.UUID | None = None
) -> Opened:
    await DB.execute(_LOCK, invitation_id)
    row = await DB.fetch_row(_BY_ID, invitation_id)
    if row is None:
        raise InvitationRefused(InvitationState.INVALID)
    # Whoever is not meant learns nothing of what became of it, and uses nothing up.
    if email_of and await DB.fetch_value(_VERIFIED_EMAIL, email_of) != row["email_canonical"]:
        raise SomebodyElse
    current = await _judged(row, application)
    if current.state is not InvitationState.OPEN:
        raise InvitationRefused(current.state)
    if not await DB.execute(_ACCEPT, invitation_id):
        raise InvitationRefused(InvitationState.ACCEPTED)
    return current


async def _join(invitation: Opened, user: User) -> None:
    customer = await Customer.objects().get(Customer.id == invitation.customer_id)
    if customer is None:
        raise InvitationRefused(InvitationState.COMPANY_GONE)
    membership = await add_member(customer, user, invitation.roles)
    await DB.execute(
        _LIMITS,
        membership.id,
        invitation.order_limit,
        invitation.budget_amount,
        invitation.budget_period,
    )


async def _record(invitation: Opened, user: User, visitor: Visitor | None = None) -> None:
    roles = await roles_of(invitation.customer_id)
    await record(
        "invitation accepted",
        visitor=visitor,
        user_id=user.id,
        customer_id=invitation.customer_id,
        after={"email": invitation.email, "roles": recorded_names(roles, invitation.roles)},
    )


async def _judged(row: dict[str, Any], application: Application | None) -> Opened:
    return Opened(
        state=await _state(row, application),
        roles=tuple(row["roles"]),
        **{
            name: row[name]
            for name in Opened.__slots__  # the row has a column for each
            if name not in ("state", "roles")
        },
    )


async def _state(row: dict[str, Any], application: Application | None) -> InvitationState:
    if row["accepted_at"] is not None:
        return InvitationState.ACCEPTED
    if row["revoked_at"] is not None:
        return InvitationState.REVOKED
    if row["is_expired"]:
        return InvitationState.EXPIRED
    may_act = row["customer_is_active"] and row["approval_status"] == ApprovalStatus.APPROVED
    if application is None or not may_act or not application.admits(row["customer_type"]):
        return InvitationState.COMPANY_GONE
    if not inviter_still_grants(row, await roles_of(row["customer_id"])):
        return InvitationState.INVITER_GONE
    return InvitationState.OPEN


def _application(row: dict[str, Any]) -> Application | None:
    return next((one for one in all_applications() if one.id == row["application"]), None)
