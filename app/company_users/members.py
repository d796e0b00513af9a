"""The people of a company: the list with its search, and one of them (domain.md 10)."""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.counting import counted_rows
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
    # Whether there are more than `count`: what is searched for is not counted to the end.
    has_more: bool = False

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
    page = min(max(page, 1), _LAST_PAGE)
    if len(where) == 1:
        # All of them are counted from an index that is small.
        at_most, count = None, await DB.fetch_value(_COUNT_ALL, customer_id)
    else:
        at_most = counted_rows(page, PER_PAGE)
        count = await DB.fetch_value(_COUNT.format(where=" AND ".join(where), at_most=at_most), *values)
    has_more = count == at_most
    if has_more:
        # What so many have is found soonest by going through the list in its order.
        where, values = _conditions(customer_id, search, by_index=False)
    page = min(page, max(1, -(-count // PER_PAGE)))
    statement = _PAGE.format(where=" AND ".join(where), limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    rows = await DB.fetch(statement, *values)
    members = tuple(ListedMember(**row | {"roles": tuple(row["roles"])}) for row in rows)
    return MembersFound(members=members, count=count, page=page, has_more=has_more)


async def member_of(customer_id: uuid.UUID | None, user_id: uuid.UUID) -> Member | None:
    """The user of this company; None for somebody else's as for one who never was."""
    row = await DB.fetch_row(_MEMBER, customer_id, user_id)
    return Member(**row | {"roles": tuple(row["roles"])}) if row is not None else None


# Only constants of this module and whole numbers are put into the text; what was typed goes as parameters. The
# database keeps listed_members by triggers: for each membership whether its user may act and what words find it, in
# lower case, so that neither order nor search needs a look at the users of a large company.
_COUNT_ALL = "SELECT count(*) FROM memberships m WHERE m.customer = $1"
_COUNT = "SELECT count(*) FROM (SELECT FROM listed_members l WHERE {where} LIMIT {at_most}) AS found"
_PAGE = """
    SELECT u.id AS user_id, u.email, m.department, m.roles, f.is_active,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name,
           u.last_signed_in_at
    FROM (SELECT l.membership, l.is_active FROM listed_members l
          WHERE {where} ORDER BY l.is_active DESC, l.membership DESC LIMIT {limit} OFFSET {offset}) AS f
    JOIN memberships m ON m.id = f.membership JOIN users u ON u.id = m."user"
    ORDER BY f.is_active DESC, f.membership DESC
"""
_LAST_PAGE = 100_000
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


def _conditions(
    customer_id: uuid.UUID | None, search: MemberSearch, *, by_index: bool = True
) -> tuple[list[str], list[object]]:
    """The conditions and their values; `by_index` finds roles, and words of three letters and more by their pieces,
    without going through the list."""
    values = list[Any]([customer_id])

    def parameter(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions, is_found = [], False
    if search.state:
        conditions.append("l.is_active" if search.state == "active" else "NOT l.is_active")
    if search.role:
        is_found = by_index
        conditions.append(_has_role(search.role, parameter, by_index))
    for word in _words(search.q):
        # Logins and e-mails are compared in a form of their own (domain.md 3), which seldom differs.
        forms = sorted({word.lower(), canonical_login(word)})
        by_pieces = by_index and min(map(len, forms)) >= 3
        is_found = is_found or by_pieces
        conditions.append(f"({' OR '.join(_contains(form, parameter, by_pieces) for form in forms)})")
    # Pieces and roles are mixed with the company. An "=" beside them would let the database go through the list after
    # all: it plans for companies of the usual size, of which the list is short.
    of_company = "l.customer IS NOT DISTINCT FROM $1" if is_found else "l.customer = $1"
    return [of_company, *conditions], values


def _has_role(role: str, parameter: Callable[[object], str], by_index: bool) -> str:
    """The condition that a user has this role."""
    wanted = parameter(role)
    found = f"{wanted} = ANY(l.roles)"
    if not by_index:
        return found
    return f"roles_of_company(l.customer, l.roles) @> roles_of_company($1, ARRAY[{wanted}]) AND {found}"


def _contains(form: str, parameter: Callable[[object], str], by_pieces: bool) -> str:
    """The condition that a user's words contain this."""
    found = f"l.searched LIKE {parameter(_containing(form))}"
    if not by_pieces:
        return found
    pieces = f"pieces_of_company($1, {parameter(form)})"
    return f"pieces_of_company(l.customer, l.searched) @> {pieces} AND {found}"


def _words(typed: str) -> Iterable[str]:
    # Who types more words finds no fewer people.
    return typed.split()[:8]


def _containing(part: str) -> str:
    """A LIKE pattern for the part, in which %, _ and \\ stand for themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"
