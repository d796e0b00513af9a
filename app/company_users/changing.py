"""What administrators of a company change about its people: details, roles, limits, whether they may act."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from app.access import AuthenticationNeeded
from app.applications import Application
from app.audit import record
from app.audit_words import recorded_amount
from app.company_users.managing import ChangeRefused, LockedMember, Managing, Rule, managing
from app.company_users.members import OF_MEMBERSHIP, OF_PERSON, member_of
from app.company_users.proving_to_grant import needs_proof
from app.company_users.roles import recorded_names, together
from app.customers.activation import disable_membership, enable_membership
from app.customers.departures import leave
from app.customers.joining_rows import lock_baskets
from app.customers.limits import Limits
from app.errors import Conflict
from app.mail.outbox import queue_mail
from app.requisitions.budgets import home_of
from app.segments.segmentation_services import update_segments_of
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables import Membership, User
from tables.customers import BudgetPeriod
from tables.engine import DB


async def change_details(
    visitor: Visitor, user_id: uuid.UUID, changes: Mapping[str, Any], version: int | None
) -> None:
    """Changes the named fields of a colleague.

    The person's own fields (name, phone, …) are left alone where the person is known beyond this company: no
    company renames somebody for another one, or for the shop. Raises Conflict, ChangeRefused, NotPermitted.
    """
    async with managing(visitor) as change:
        member = await change.member(user_id, version)
        change.refuse_for_who_may_more(member)
        stored = await member_of(change.customer_id, user_id)
        if stored is None:
            raise Conflict
        changed = {
            name: value
            for name, value in changes.items()
            if value != getattr(stored, name)
            and (name in OF_MEMBERSHIP or (name in OF_PERSON and stored.is_of_this_company_only))
        }
        if not changed:
            return
        of_person = {name: value for name, value in changed.items() if name in OF_PERSON}
        if of_person:
            await User.update({**of_person, "version": User.version + 1}).where(User.id == user_id)  # type: ignore[dict-item]  # names of columns
        of_membership = {name: value for name, value in changed.items() if name in OF_MEMBERSHIP}
        await Membership.update({**of_membership, "version": member.version + 1}).where(  # type: ignore[dict-item]  # names of columns
            Membership.id == member.membership_id
        )
        await _record(
            change,
            "member changed",
            member,
            before={name: str(getattr(stored, name)) for name in changed},
            after={name: str(value) for name, value in changed.items()},
        )


async def change_roles(
    visitor: Visitor, user_id: uuid.UUID, roles: Sequence[str], version: int | None
) -> bool:
    """Gives a colleague exactly these roles; False when they had them already.

    Who may less from now on is signed out (security.md, Sessions). Raises Conflict, ChangeRefused, NotPermitted.
    """
    async with managing(visitor) as change:
        member = await change.member(user_id, version)
        if set(roles) == set(member.roles):
            return False
        if not set(roles) <= {role.id for role in change.roles}:
            raise ChangeRefused(Rule.UNKNOWN_ROLE)
        change.refuse_for_who_may_more(member)
        before, after = together(change.roles, member.roles), together(change.roles, roles)
        change.refuse_to_grant(after)
        if not before <= after:
            change.refuse_for_oneself(member)
        # In the order of the list of roles, whatever order was sent.
        kept = [role.id for role in change.roles if role.id in roles]
        await DB.execute(
            "UPDATE memberships SET roles = $2, version = version + 1 WHERE id = $1",
            member.membership_id,
            kept,
        )
        await _record(
            change,
            "member roles changed",
            member,
            before={"roles": recorded_names(change.roles, member.roles)},
            after={"roles": recorded_names(change.roles, kept)},
        )
        if not before <= after:
            await end_sessions_of(user_id)
    return True


async def change_limits(
    visitor: Visitor,
    user_id: uuid.UUID,
    *,
    order_limit: int | None,
    amount: int | None,
    period: BudgetPeriod,
    version: int | None,
) -> bool:
    """Says what a colleague may spend for each order and in each period; False when that was so already.

    Amounts are net minor units, None for unlimited. Raises Conflict, ChangeRefused, NotPermitted.
    """
    kept_period = period if amount is not None else BudgetPeriod.NONE
    async with managing(visitor) as change:
        member = await change.member(user_id, version)
        change.refuse_for_who_may_more(member)
        change.refuse_for_own_limits(member)
        wanted = Limits(order_limit=order_limit, budget_amount=amount, budget_period=kept_period.value)
        change.refuse_to_grant_limits(wanted, member.limits)
        if (member.order_limit, member.budget_amount, member.budget_period) == (
            order_limit,
            amount,
            kept_period,
        ):
            return False
        await DB.execute(
            "UPDATE memberships SET order_limit = $2, budget_amount = $3, budget_period = $4,"
            " version = version + 1 WHERE id = $1",
            member.membership_id,
            order_limit,
            amount,
            kept_period.value,
        )
        home = await _home(visitor)
        await _record(
            change,
            "member limits changed",
            member,
            before=_limits(member.order_limit, member.budget_amount, member.budget_period, home),
            after=_limits(order_limit, amount, kept_period, home),
        )
    return True


async def disable(visitor: Visitor, user_id: uuid.UUID, version: int | None) -> bool:
    """Stops a colleague from acting for the company and signs them out; False when they were stopped already.

    Only for this company: whatever else the person may do in the shop stays. Raises as `change_roles`.
    """
    async with managing(visitor) as change:
        member = await change.member(user_id, version)
        change.refuse_for_oneself(member)
        change.refuse_for_who_may_more(member)
        return await disable_membership(member.membership_id, version=member.version, visitor=visitor)


async def enable(visitor: Visitor, user_id: uuid.UUID, version: int | None) -> bool:
    """Lets a colleague act for the company again, who is mailed a link to choose a password (domain.md 5).

    What they may do and spend then is granted anew, so nobody enables who may more than themself, nor without a
    proof where inviting them would need one. Raises as `change_roles`, and AuthenticationNeeded.
    """
    async with managing(visitor) as change:
        member = await change.member(user_id, version)
        change.refuse_for_who_may_more(member)
        change.refuse_for_who_may_spend_more(member)
        if await needs_proof(visitor, member.roles):
            raise AuthenticationNeeded
        return await enable_membership(member.membership_id, version=member.version, visitor=visitor)


async def remove(visitor: Visitor, user_id: uuid.UUID, version: int | None) -> str:
    """Takes a colleague out of the company, whose orders stay and keep the name; returns that name.

    A user without any membership left gives up the login, and is deleted after some days in which staff can still
    bring them back (domain.md 2). The person is told by mail. Raises Conflict, ChangeRefused, NotPermitted.
    """
    account = visitor.account
    async with DB.transaction():
        if account is not None and account.customer_id is not None:
            # An order of theirs that is being placed is waited for first (tables/lock_order.py).
            await lock_baskets([account.customer_id], user_id)
        return await _remove(visitor, user_id, version)


async def _remove(visitor: Visitor, user_id: uuid.UUID, version: int | None) -> str:
    async with managing(visitor) as change:
        member = await change.member(user_id, version, is_to_go=True)
        change.refuse_for_oneself(member)
        change.refuse_for_who_may_more(member)
        # Whoever names the user is waited for before anything of theirs is locked, such as who is joining another
        # company just now: that locks the user once more at its end (listed_members).
        await DB.execute("SELECT FROM users WHERE id = $1 FOR UPDATE", user_id)
        await _tell_who_is_removed(change, member)
        await _record(
            change,
            "member removed",
            member,
            before={"name": member.name, "email": member.email, "roles": _role_names(change, member)},
        )
        account = visitor.account
        await leave(
            user_id,
            member.membership_id,
            days=await days_to_come_back(visitor),
            removed_by=account.user_id if account is not None else None,
        )
        await end_sessions_of(user_id)
        await update_segments_of(change.customer_id)
    return member.name


async def days_to_come_back(visitor: Visitor) -> int:
    """For how many days staff can bring back whom the visitor's company removes."""
    return (await _home(visitor)).former_user_days


async def currency_of_limits(visitor: Visitor) -> str:
    """The currency of the limits of the visitor's company."""
    return (await _home(visitor)).currency


async def _tell_who_is_removed(change: Managing, member: LockedMember) -> None:
    row = await DB.fetch_row(
        "SELECT preferred_language, email_verified_at FROM users WHERE id = $1", member.user_id
    )
    account = change.visitor.account
    if row is None or row["email_verified_at"] is None or account is None:
        return
    await queue_mail(
        application=change.visitor.application,
        kind="member_removed",
        user_id=member.user_id,
        to_email=member.email,
        to_name=member.name,
        language=row["preferred_language"],
        name=member.name,
        customer_name=account.company_name or account.customer_number,
    )


async def _record(
    change: Managing,
    action: str,
    member: LockedMember,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    await record(
        action,
        visitor=change.visitor,
        user_id=member.user_id,
        customer_id=change.customer_id,
        before=before,
        after=after,
    )


def _role_names(change: Managing, member: LockedMember) -> list[str]:
    return recorded_names(change.roles, member.roles)


async def _home(visitor: Visitor) -> Application:
    customer_id = visitor.account.customer_id if visitor.account is not None else None
    row = await DB.fetch_row("SELECT application, customer_type FROM customers WHERE id = $1", customer_id)
    return home_of(row["application"], row["customer_type"]) if row is not None else visitor.application


def _limits(order_limit: int | None, amount: int | None, period: str, home: Application) -> dict[str, object]:
    """Limits as the audit log keeps them: amounts with their currency; what is unlimited is left out."""
    return {
        "order_limit": recorded_amount(order_limit, home.currency),
        "budget_amount": recorded_amount(amount, home.currency),
        "budget_period": period,
    }
