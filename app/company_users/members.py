"""The people of a company: the list with its search, and one of them (domain.md 10)."""

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.customers.emails import canonical_login
from tables.engine import DB

PER_PAGE = 25
# What describes the person, whatever they do where; and what describes them in this company.
OF_PERSON = ("title", "first_name", "last_name", "phone", "fax", "preferred_language")
OF_MEMBERSHIP = ("department", "position", "business_partner_number")
# What can be asked of the list besides words and roles.
STATES = ("active", "disabled")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSearch:
    """What to look for; "" asks for nothing. `state` is one of STATES, `role` the id of a role."""

    q: str = ""
    state: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedMember:
    """A line of the list. Amounts are net minor units, None for unlimited; the time is UTC."""

    user_id: uuid.UUID
    name: str
    email: str
    department: str
    roles: tuple[str, ...]
    is_active: bool
    last_signed_in_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersFound:
    """A page of the result. `page` counts from 1 and never lies beyond the last."""

    members: tuple[ListedMember, ...]
    count: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty result has one."""
        return max(1, -(-self.count // PER_PAGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A user as a member of a company. Amounts are net minor units, None for unlimited; times are UTC."""

    user_id: uuid.UUID
    membership_id: uuid.UUID
    login: str
    email: str
    is_email_verified: bool
    title: str
    first_name: str
    last_name: str
    phone: str
    fax: str
    preferred_language: str
    birthday: date | None
    last_signed_in_at: datetime | None
    created_at: datetime
    # Whether the shop lets this user in at all; only staff change that.
    user_is_active: bool
    # Whether the user may act for this company.
    is_active: bool
    # False for who acts for others too, or works for the shop: their name is not one company's affair.
    is_of_this_company_only: bool
    department: str
    position: str
    business_partner_number: str
    roles: tuple[str, ...]
    order_limit: int | None
    budget_amount: int | None
    budget_period: str
    version: int

    @property
    def name(self) -> str:
        """First and last name, or the login where neither is known."""
        return f"{self.first_name} {self.last_name}".strip() or self.login


async def find_members(customer_id: uuid.UUID | None, search: MemberSearch, page: int = 1) -> MembersFound:
    """A page of a company's users, those who may act first, the newest first. Two queries, whatever is found."""
    where, values = _conditions(customer_id, search)
    count: int = await DB.fetch_value(_COUNT.format(join=_join_for(search), where=where), *values)
    page = min(max(page, 1), max(1, -(-count // PER_PAGE)))
    rows = await DB.fetch(_PAGE.format(where=where, limit=PER_PAGE, offset=(page - 1) * PER_PAGE), *values)
    members = tuple(ListedMember(**row | {"roles": tuple(row["roles"])}) for row in rows)
    return MembersFound(members=members, count=count, page=page)


async def member_of(customer_id: uuid.UUID | None, user_id: uuid.UUID) -> Member | None:
    """The user of this company; None for somebody else's as for one who never was."""
    row = await DB.fetch_row(_MEMBER, customer_id, user_id)
    return Member(**row | {"roles": tuple(row["roles"])}) if row is not None else None


# Only constants of this module and whole numbers are put into the text; what was typed goes as parameters. The
# index memberships_of_customer gives the order, so that the first page of 10,000 users costs what one of ten does.
_COUNT = "SELECT count(*) FROM memberships m {join} WHERE {where}"
_JOIN = 'JOIN users u ON u.id = m."user"'
_PAGE = """
    SELECT u.id AS user_id, u.email, m.department, m.roles, m.is_active AND u.is_active AS is_active,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name,
           u.last_signed_in_at
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE {where} ORDER BY m.is_active DESC, m.id DESC LIMIT {limit} OFFSET {offset}
"""
_ANY_WORD = """(lower(u.first_name || ' ' || u.last_name) LIKE {name} OR u.email_canonical LIKE {login}
    OR u.login_canonical LIKE {login} OR lower(m.department) LIKE {name} OR lower(m.position) LIKE {name})"""
_MEMBER = """
    SELECT u.id AS user_id, m.id AS membership_id, u.login, u.email,
           u.email_verified_at IS NOT NULL AS is_email_verified, u.title, u.first_name, u.last_name, u.phone,
           u.fax, u.preferred_language, u.birthday, u.last_signed_in_at, m.created_at,
           u.is_active AS user_is_active, m.is_active, m.department, m.position, m.business_partner_number,
           m.roles, m.order_limit, m.budget_amount, m.budget_period, m.version,
           NOT EXISTS (SELECT FROM memberships other WHERE other."user" = u.id AND other.id <> m.id)
           AND NOT EXISTS (SELECT FROM staff_members s WHERE s."user" = u.id) AS is_of_this_company_only
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m."user" = $2
"""


def _join_for(search: MemberSearch) -> str:
    # Counting all of a company needs its memberships only.
    return _JOIN if search.q.strip() or search.state else ""


def _conditions(customer_id: uuid.UUID | None, search: MemberSearch) -> tuple[str, list[object]]:
    conditions, values = ["m.customer = $1"], list[Any]([customer_id])

    def parameter(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    if search.state == "active":
        conditions.append("m.is_active AND u.is_active")
    elif search.state == "disabled":
        conditions.append("NOT (m.is_active AND u.is_active)")
    if search.role:
        conditions.append(f"{parameter(search.role)} = ANY(m.roles)")
    for word in _words(search.q):
        conditions.append(
            _ANY_WORD.format(
                name=parameter(_containing(word.lower())), login=parameter(_containing(canonical_login(word)))
            )
        )
    return " AND ".join(conditions), values


def _words(typed: str) -> Iterable[str]:
    # Who types more words finds no fewer people.
    return typed.split()[:8]


def _containing(part: str) -> str:
    """A LIKE pattern for the part, in which %, _ and \\ stand for themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"
