"""Managing the people of a company: the rules that hold whatever is changed, also in parallel (domain.md 10).

Every change runs inside `managing`. It makes the changes of one company wait for each other, reads anew what
the one who changes may do, and looks afterwards whether the company still has an administrator.
"""

import uuid
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from app.access import NotPermitted
from app.company_users.granting import exceeded, limits_to_grant
from app.company_users.roles import Role, roles_of, together
from app.customers.administrators import has_administrator
from app.customers.limits import UNLIMITED, Limits
from app.customers.permissions import Permission
from app.errors import Conflict
from app.visitor import Visitor
from tables.engine import DB


class Rule(StrEnum):
    """What stands against a change."""

    NOT_ONESELF = "not_oneself"
    NO_MORE_THAN_OWN = "no_more_than_own"
    MAY_MORE = "may_more"
    LAST_ADMINISTRATOR = "last_administrator"
    UNKNOWN_ROLE = "unknown_role"
    OWN_LIMITS = "own_limits"
    MORE_THAN_OWN_LIMITS = "more_than_own_limits"
    MAY_SPEND_MORE = "may_spend_more"


class ChangeRefused(Exception):
    """A rule stands against the change; nothing has changed."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule)
        self.rule = rule


class LimitsRefused(ChangeRefused):
    """Limits are more than may be given: `most` is the most, `fields` are those that are more."""

    def __init__(self, most: Limits, fields: tuple[str, ...]) -> None:
        super().__init__(Rule.MORE_THAN_OWN_LIMITS)
        self.most = most
        self.fields = fields


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedMember:
    """A user of the company whose membership is locked until the transaction ends."""

    membership_id: uuid.UUID
    user_id: uuid.UUID
    name: str
    email: str
    roles: tuple[str, ...]
    is_active: bool
    order_limit: int | None
    budget_amount: int | None
    budget_period: str
    version: int

    @property
    def limits(self) -> Limits:
        """What the user may spend."""
        return Limits(
            order_limit=self.order_limit,
            budget_amount=self.budget_amount,
            budget_period=self.budget_period,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Managing:
    """A change of a company's people that is under way: whose it is, and what they may do themself."""

    visitor: Visitor
    customer_id: uuid.UUID
    membership_id: uuid.UUID
    may: frozenset[Permission]
    # The most that they may give others to spend.
    limits: Limits
    roles: tuple[Role, ...]

    async def member(
        self, user_id: uuid.UUID, version: int | None = None, *, is_to_go: bool = False
    ) -> LockedMember:
        """The user of this company, locked. Raises Conflict when they are not there, or not in that version.

        With `is_to_go` what only names the membership waits as well, such as a sign-in.
        """
        row = await DB.fetch_row(_MEMBER_TO_GO if is_to_go else _MEMBER, self.customer_id, user_id)
        if row is None or version not in (None, row["version"]):
            raise Conflict
        return LockedMember(**row | {"roles": tuple(row["roles"])})

    def refuse_for_oneself(self, member: LockedMember) -> None:
        """Nobody disables, removes or demotes themself: who did so by mistake could not undo it."""
        if member.membership_id == self.membership_id:
            raise ChangeRefused(Rule.NOT_ONESELF)

    def refuse_for_own_limits(self, member: LockedMember) -> None:
        """Whom an administrator has limited does not lift that themself, though they manage users. Who may
        everything does: there may be nobody else."""
        if member.membership_id == self.membership_id and self.may != frozenset(Permission):
            raise ChangeRefused(Rule.OWN_LIMITS)

    def refuse_for_who_may_more(self, member: LockedMember) -> None:
        """Who may less than a colleague does not decide on what that colleague may."""
        if not together(self.roles, member.roles) <= self.may:
            raise ChangeRefused(Rule.MAY_MORE)

    def refuse_to_grant(self, permissions: Collection[Permission]) -> None:
        """Nobody grants more than they have."""
        if not frozenset(permissions) <= self.may:
            raise ChangeRefused(Rule.NO_MORE_THAN_OWN)

    def refuse_to_grant_limits(self, wanted: Limits, has: Limits | None = None) -> None:
        """Nobody gives others more to spend than they have, or than the colleague has so far."""
        fields = exceeded(self.limits, wanted, has)
        if fields:
            raise LimitsRefused(self.limits, fields)

    def refuse_for_who_may_spend_more(self, member: LockedMember) -> None:
        """Who is limited does not let somebody act again who is less so."""
        if exceeded(self.limits, member.limits):
            raise ChangeRefused(Rule.MAY_SPEND_MORE)


# Changes of a company's people wait for each other at the customer's row, as leaving it does
# (app/personal_data/deletion.py); orders and sign-ins of the company go on meanwhile.
_LOCK = "SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE"
_ACTOR = """
    SELECT m.roles, m.order_limit, m.budget_amount, m.budget_period FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.id = $1 AND m.customer = $2 AND m.is_active AND u.is_active
"""
_MEMBER = """
    SELECT m.id AS membership_id, u.id AS user_id, u.email,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name,
           m.roles, m.is_active, m.order_limit, m.budget_amount, m.budget_period, m.version
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m."user" = $2 FOR NO KEY UPDATE OF m
"""
_MEMBER_TO_GO = _MEMBER.replace("FOR NO KEY UPDATE", "FOR UPDATE")


@asynccontextmanager
async def managing(visitor: Visitor) -> AsyncIterator[Managing]:
    """A transaction in which the visitor changes the people of the company for which they act.

    Raises NotPermitted when they may not (any more), ChangeRefused for what a rule stands against.
    """
    account = visitor.account
    if account is None or account.customer_id is None or account.membership_id is None:
        raise NotPermitted
    async with DB.transaction():
        await DB.execute(_LOCK, account.customer_id)
        roles = await roles_of(account.customer_id)
        may, own_limits = await _actor(account.membership_id, account.customer_id, roles)
        if Permission.MANAGE_USERS not in may:
            raise NotPermitted
        had_administrator = await has_administrator(account.customer_id)
        yield Managing(
            visitor=visitor,
            customer_id=account.customer_id,
            membership_id=account.membership_id,
            may=may,
            limits=limits_to_grant(own_limits, may),
            roles=roles,
        )
        roles = await roles_of(account.customer_id)
        if had_administrator and not await has_administrator(account.customer_id):
            raise ChangeRefused(Rule.LAST_ADMINISTRATOR)
        # A change of a role that one has oneself is a change of oneself.
        if not may <= (await _actor(account.membership_id, account.customer_id, roles))[0]:
            raise ChangeRefused(Rule.NOT_ONESELF)


async def limits_to_give(visitor: Visitor) -> Limits:
    """The most that the visitor may give others to spend, for the pages to say."""
    account = visitor.account
    if account is None or account.customer_id is None or account.membership_id is None:
        return UNLIMITED
    roles = await roles_of(account.customer_id)
    may, own = await _actor(account.membership_id, account.customer_id, roles)
    return limits_to_grant(own, may)


async def _actor(
    membership_id: uuid.UUID, customer_id: uuid.UUID, roles: Collection[Role]
) -> tuple[frozenset[Permission], Limits]:
    # Their own, and not those of whom they stand in for: what is granted would outlast the standing in.
    row = await DB.fetch_row(_ACTOR, membership_id, customer_id)
    if row is None:
        return frozenset(), UNLIMITED
    return together(roles, row.pop("roles")), Limits(**row)
