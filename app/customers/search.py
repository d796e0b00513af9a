"""Finding customers in the back office: by number, name, e-mail, company, taxation id (domain.md 15)."""

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from app.customers.emails import canonical_login
from app.customers.types import all_customer_types
from app.segments.customer_groups import is_customer_group
from app.segments.membership import is_among_members
from tables.engine import DB

PER_PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerSearch:
    """What to look for; "" asks for nothing. `status` is active or inactive, `approval` an ApprovalStatus,
    `segment` the id of a custom segment, `branch` a node of the tree of organisations: it and all below."""

    q: str = ""
    customer_type: str = ""
    status: str = ""
    approval: str = ""
    segment: str = ""
    branch: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCustomer:
    """A line of the list. `email` is that of the oldest user, `waiting_since` is set for pending ones."""

    id: uuid.UUID
    number: str
    name: str
    customer_type: str
    approval_status: str
    is_active: bool
    created_at: datetime
    email: str | None
    waiting_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomersFound:
    """A page of the result. `page` counts from 1 and never lies beyond the last."""

    customers: tuple[FoundCustomer, ...]
    count: int
    page: int

    @property
    def pages(self) -> int:
        """How many pages there are; an empty result has one."""
        return max(1, -(-self.count // PER_PAGE))


async def find_customers(search: CustomerSearch, page: int = 1) -> CustomersFound:
    """A page of the customers that fit, the newest first; pending ones the longest waiting first.

    Two queries, whatever is found; one more where a segment is asked for.
    """
    is_group = bool(search.segment) and await is_customer_group(search.segment)
    where, values = _conditions(search, is_group=is_group)
    count: int = await DB.fetch_value(f"SELECT count(*) FROM customers c WHERE {where}", *values)
    last = max(1, -(-count // PER_PAGE))
    page = min(max(page, 1), last)
    order = "r.opened_at, c.id" if search.approval == "pending" else "c.id DESC"
    rows = await DB.fetch(
        _PAGE.format(where=where, order=order, limit=PER_PAGE, offset=(page - 1) * PER_PAGE), *values
    )
    return CustomersFound(customers=tuple(FoundCustomer(**row) for row in rows), count=count, page=page)


async def is_type_of_customers(customer_type: str) -> bool:
    """Whether customers may be of that type: it is installed, or some stayed when it was removed."""
    return customer_type in all_customer_types() or bool(
        await DB.fetch_value("SELECT EXISTS (SELECT FROM customers WHERE customer_type = $1)", customer_type)
    )


# Only constants of this module and whole numbers are put into the text; what was typed goes as parameters.
_PAGE = """
    SELECT c.id, c.number, c.search_name AS name, c.customer_type, c.approval_status, c.is_active,
           c.created_at,
           (SELECT u.email FROM memberships m JOIN users u ON u.id = m."user"
            WHERE m.customer = c.id ORDER BY m.created_at, m.id LIMIT 1) AS email,
           r.opened_at AS waiting_since
    FROM customers c
    LEFT JOIN approval_requests r ON r.customer = c.id AND r.decided_at IS NULL
    WHERE {where} ORDER BY {order} LIMIT {limit} OFFSET {offset}
"""
# One look-up for each place, so that each may use an index of its own.
_ANYWHERE = """c.id IN (
    SELECT id FROM customers WHERE lower(search_name) LIKE {name} OR upper(number) LIKE upper({name})
    UNION ALL
    SELECT customer FROM companies
    WHERE lower(company_name || ' ' || company_name_2) LIKE {name}
       OR regexp_replace(upper(taxation_id), '[^A-Z0-9]', '', 'g') LIKE {taxation_id}
    UNION ALL
    SELECT m.customer FROM memberships m JOIN users u ON u.id = m."user"
    WHERE u.email_canonical LIKE {login} OR u.login_canonical LIKE {login}
       OR lower(u.first_name || ' ' || u.last_name) LIKE {name}
)"""


def _conditions(search: CustomerSearch, *, is_group: bool) -> tuple[str, list[object]]:
    conditions, values = ["true"], []

    def parameter(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    if search.customer_type:
        conditions.append(f"c.customer_type = {parameter(search.customer_type)}")
    if search.status:
        conditions.append(f"c.is_active = {parameter(search.status == 'active')}")
    if search.approval:
        conditions.append(f"c.approval_status = {parameter(search.approval)}")
    if search.segment:
        conditions.append(is_among_members(parameter(search.segment), is_group=is_group))
    if search.branch is not None:
        conditions.append(
            "EXISTS (SELECT FROM organisations o WHERE o.id = c.organisation"
            f" AND {parameter(search.branch)} = ANY(o.path))"
        )
    # PostgreSQL stores no NUL, so nothing that holds one can be found.
    typed = " ".join(search.q.replace("\x00", " ").split())
    if typed:
        signs = re.sub(r"[^A-Z0-9]", "", typed.upper())
        conditions.append(
            _ANYWHERE.format(
                name=parameter(_containing(typed.lower())),
                login=parameter(_containing(canonical_login(typed))),
                # Written with blanks, dots and dashes in every way. NULL is like nothing.
                taxation_id=f"{parameter(_containing(signs) if signs else None)}::text",
            )
        )
    return " AND ".join(conditions), values


def _containing(part: str) -> str:
    """A LIKE pattern for the part, in which %, _ and \\ stand for themselves."""
    return "%" + re.sub(r"([\\%_])", r"\\\1", part) + "%"
