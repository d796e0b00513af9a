"""The access gate: who may use an application, told by one function with plain reasons (domain.md 3).

Pages, fragments and the API all ask `refusal`, at sign-in and on every later request. The guards that routes
declare (`anyone`, `signed_in`, …) stand below it.
"""

import uuid
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import msgspec
from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from app.applications import Application
from app.customers.types import CustomerType, Extension, installed_type
from app.settings import settings
from tables.customers import ApprovalStatus

if TYPE_CHECKING:
    from app.visitor import Visitor


class Refusal(StrEnum):
    """Why a person with the right password may not use an application."""

    WRONG_SHOP = "wrong_shop"
    TYPE_MISSING = "type_missing"
    DEACTIVATED = "deactivated"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    REJECTED = "rejected"
    AWAITING_APPROVAL = "awaiting_approval"
    SECOND_FACTOR_NEEDED = "second_factor_needed"
    SECOND_FACTOR_MISSING = "second_factor_missing"


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user as one customer's member, or as a staff member: all that decides access."""

    user_id: uuid.UUID
    login: str
    email: str
    first_name: str
    last_name: str
    user_is_active: bool
    # Sessions that begin now belong to this epoch; a password change meanwhile has raised it.
    session_epoch: int
    email_is_verified: bool
    has_second_factor: bool
    membership_id: uuid.UUID | None
    membership_is_active: bool
    roles: tuple[str, ...]
    customer_id: uuid.UUID | None
    customer_number: str
    customer_type: str
    customer_is_active: bool
    approval_status: str
    company_name: str
    # None for users who are no staff members.
    staff_is_active: bool | None
    privileges: frozenset[str]
    # Of each role that the company has made itself: what it may do, by the role's id (domain.md 10).
    own_roles: Mapping[str, frozenset[str]] = msgspec.field(default_factory=dict)
    # Those of colleagues in whose place this user approves for a time.
    roles_stood_in_for: tuple[str, ...] = ()
    # The role as which an administrator looks at the shop; "" when as themself.
    view_as_role: str = ""
    # What the company calls that role, where it is one of its own.
    view_as_role_name: str = ""
    # For how many customers the user can act: more than one may be switched between.
    memberships: int = 1
    # Of a staff member: the branch of the tree outside of which they see no customers (domain.md 11), None where
    # they see all; and whether they are an account manager (domain.md 12).
    branch: uuid.UUID | None = None
    looks_after_customers: bool = False

    @property
    def name(self) -> str:
        """First and last name, or the login where neither is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.login


def refusal(application: Application, account: Account, *, second_factor_shown: bool) -> Refusal | None:
    """Why this account may not use this application now, or None when it may.

    The one place that decides: active (customer, membership, user) x approval x e-mail verified x customer
    type x application (domain.md 3), and the second factor (security.md, Sign-in). What a person can mend
    comes before what only the shop can, and the wrong shop before all, since all else is told at the right one.
    """
    if application.is_back_office:
        return _refusal_of_staff(account, second_factor_shown)
    if account.customer_type and installed_type(account.customer_type) is None:
        # No shop is the right one, and it is no fault of theirs.
        return Refusal.TYPE_MISSING
    if not application.admits(account.customer_type):
        return Refusal.WRONG_SHOP
    if not (account.user_is_active and account.membership_is_active and account.customer_is_active):
        return Refusal.DEACTIVATED
    if not account.email_is_verified:
        return Refusal.EMAIL_NOT_VERIFIED
    if account.approval_status == ApprovalStatus.REJECTED:
        return Refusal.REJECTED
    if account.approval_status != ApprovalStatus.APPROVED:
        return Refusal.AWAITING_APPROVAL
    if account.has_second_factor and not second_factor_shown:
        return Refusal.SECOND_FACTOR_NEEDED
    return None


def _refusal_of_staff(account: Account, second_factor_shown: bool) -> Refusal | None:
    if account.staff_is_active is None:
        return Refusal.WRONG_SHOP
    if not (account.user_is_active and account.staff_is_active):
        return Refusal.DEACTIVATED
    if account.has_second_factor:
        return None if second_factor_shown else Refusal.SECOND_FACTOR_NEEDED
    # Required for staff; only development may go on without (security.md, Sign-in).
    return None if settings().development else Refusal.SECOND_FACTOR_MISSING


class SignInNeeded(Exception):
    """The page is for signed-in people and the visitor is none."""


class AccessRefused(Exception):
    """The person is known but may not use this application; `reason` says why."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason


class AuthenticationNeeded(Exception):
    """The person is signed in but has to prove anew who they are before this change."""


class NotPermitted(Exception):
    """The person is signed in but lacks what the page needs."""


class BeyondBranch(NotPermitted):
    """The staff member is limited to a branch, and what they want to change reaches beyond it (domain.md 11)."""


class OnlyLooking(Exception):
    """The person looks at the shop as another role and changes nothing meanwhile."""


# Guards are `async def` though they wait for nothing: Litestar runs others in a thread, which costs more than
# all else that it does for a request.
Guard = Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]


async def anyone(_connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """The route is for everybody."""


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """The route is for people who are recognised and may use this application."""
    visitor = connection.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    if visitor.refusal is not None:
        raise AccessRefused(visitor.refusal)
    if not visitor.is_signed_in:
        raise SignInNeeded


def recently_authenticated(visitor: "Visitor") -> bool:
    """Whether the person proved within the last 5 minutes who they are, by the clock of the database."""
    return visitor.session is not None and visitor.session.is_authenticated_recently


async def signed_in_recently(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """The route is for signed-in people who proved within 5 minutes who they are: password, e-mail, factors.

    A session that somebody else got hold of is not enough to take over the account (security.md, Sign-in).
    """
    await signed_in(connection, handler)
    if not recently_authenticated(connection.scope["visitor"]):  # type: ignore[typeddict-item]  # see above
        raise AuthenticationNeeded


async def showing_second_factor(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """The route is for people who gave the right password and have yet to show or set up a second factor."""
    visitor = connection.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    if visitor.refusal not in (Refusal.SECOND_FACTOR_NEEDED, Refusal.SECOND_FACTOR_MISSING):
        if visitor.refusal is not None:
            raise AccessRefused(visitor.refusal)
        raise SignInNeeded


async def setting_up_second_factor(
    connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler
) -> None:
    """The route is for staff without a second factor: those who may do nothing else yet, and, where one is not
    required, those who are signed in and proved within 5 minutes who they are."""
    visitor = connection.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    if visitor.refusal not in (None, Refusal.SECOND_FACTOR_MISSING):
        raise AccessRefused(visitor.refusal)
    if visitor.account is None:
        raise SignInNeeded
    if visitor.account.has_second_factor:
        raise NotPermitted
    if visitor.refusal is None and not recently_authenticated(visitor):
        raise AuthenticationNeeded


def staff(privilege: str, *, again: bool = False) -> Guard:
    """The route is for staff members with a privilege of the back office.

    With `again` they must have proved within 5 minutes who they are: before changes of roles a session that
    somebody else got hold of is not enough (security.md, Sign-in).
    """

    async def staff_guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        await signed_in(connection, handler)
        visitor = connection.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
        if not visitor.may(privilege):
            raise NotPermitted
        if again and not recently_authenticated(visitor):
            raise AuthenticationNeeded

    audience = f"staff: {privilege}" + (", again within 5 minutes" if again else "")
    staff_guard.audience = audience  # type: ignore[attr-defined]  # read by audience_of
    return staff_guard


def customers_with(extension: Extension) -> Guard:
    """The route is for signed-in people whose customer type has an extension."""

    async def extension_guard(
        connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        await signed_in(connection, handler)
        active: tuple[CustomerType, ...] = connection.scope["visitor"].customer_types  # type: ignore[typeddict-item]  # see above
        if not any(one.applies(extension) for one in active):
            raise NotPermitted

    extension_guard.audience = f"signed in: {extension}"  # type: ignore[attr-defined]  # read by audience_of
    return extension_guard


anyone.audience = "anyone"  # type: ignore[attr-defined]  # read by audience_of
signed_in.audience = "signed in"  # type: ignore[attr-defined]  # read by audience_of
signed_in_recently.audience = "signed in, again within 5 minutes"  # type: ignore[attr-defined]  # see above
showing_second_factor.audience = "showing a second factor"  # type: ignore[attr-defined]  # read by audience_of

setting_up_second_factor.audience = "setting up a second factor"  # type: ignore[attr-defined]  # see above


def audience_of(handler: BaseRouteHandler) -> str | None:
    """Who a route says may call it, or None where it forgot to say; a test refuses such a route."""
    declared = [guard.audience for guard in handler.resolve_guards() if hasattr(guard, "audience")]
    return declared[0] if declared else None
