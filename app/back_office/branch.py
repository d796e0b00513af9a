"""Staff who are limited to a branch of the tree: they see its customers, and nothing of others (domain.md 11).

One guard stands before all routes of the back office: what an address names is looked up, and what lies outside
is the same 404 as what is missing. Lists, and what is typed into forms, ask `branch_of` themselves.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotFoundException
from litestar.handlers.base import BaseRouteHandler

from app.customers.branches import customer_in_branch, person_in_branch
from app.organisations.tree import Organisation, organisations
from app.visitor import Visitor
from tables.engine import DB

# The branch of whoever this request comes from; the guard below notes it before every page. Target groups ask it,
# since they are parts of many forms.
_branch_of_request: ContextVar[uuid.UUID | None] = ContextVar("branch")
# Whether a customer lies in the branch $1.
_IN_BRANCH = customer_in_branch("c.id", "$1")
_OF_USER = 'SELECT FROM memberships m JOIN customers c ON c.id = m.customer WHERE m."user" = $2'
_OF_FORMER_USER = 'SELECT FROM departures d JOIN customers c ON c.id = d.customer WHERE d."user" = $2'
# By the first part of an address and the name of its parameter: whether what it names lies in the branch.
LOOKS: Mapping[tuple[str, str], str] = {
    ("customers", "number"): f"SELECT EXISTS (SELECT FROM customers c WHERE c.number = $2 AND {_IN_BRANCH})",
    ("segments", "number"): f"SELECT EXISTS (SELECT FROM customers c WHERE c.number = $2 AND {_IN_BRANCH})",
    (
        "users",
        "user_id",
    ): f"SELECT EXISTS ({_OF_USER} AND {_IN_BRANCH} UNION ALL {_OF_FORMER_USER} AND {_IN_BRANCH})",
    ("orders", "number"): f"""
        SELECT EXISTS (SELECT FROM orders d JOIN customers c ON c.id = d.customer
                       WHERE d.number = $2 AND {_IN_BRANCH})
    """,
    ("contracts", "contract_id"): f"""
        SELECT EXISTS (SELECT FROM contracts k JOIN customers c ON c.id = k.customer
                       WHERE k.id = $2 AND {_IN_BRANCH})
    """,
    ("organisations", "organisation_id"): """
        SELECT EXISTS (SELECT FROM organisations o WHERE o.id = $2 AND $1 = ANY(o.path))
    """,
    ("staff", "member"): """
        SELECT EXISTS (SELECT FROM staff_members s JOIN organisations o ON o.id = s.organisation
                       WHERE s.id = $2 AND $1 = ANY(o.path))
    """,
    ("personal-data-requests", "request_id"): f"""
        SELECT EXISTS (SELECT FROM personal_data_requests r WHERE r.id = $2 AND {person_in_branch('r."user"', "$1")})
    """,
    ("mail", "mail_id"): f"""
        SELECT EXISTS (SELECT FROM outbox_mails o JOIN users u ON u.email = o.to_email
                       JOIN memberships m ON m."user" = u.id JOIN customers c ON c.id = m.customer
                       WHERE o.id = $2 AND {_IN_BRANCH})
    """,
}  # only constants of this module are put in


async def within_branch(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Raises NotFoundException where an address names something outside of the staff member's branch."""
    branch = branch_of(connection.scope.get("visitor"))  # type: ignore[arg-type]  # put there by app.main
    _branch_of_request.set(branch)
    if branch is None:
        return
    first = connection.scope["path_template"].strip("/").partition("/")[0]
    for name, value in connection.path_params.items():
        look = LOOKS.get((first, name))
        if look is None:
            continue
        # PostgreSQL refuses a NUL instead of finding nothing.
        if (isinstance(value, str) and "\x00" in value) or not await DB.fetch_value(look, branch, value):
            raise NotFoundException


def branch_of(visitor: Visitor | None) -> uuid.UUID | None:
    """The branch outside of which a staff member sees nothing; None for who sees all, and for people who are no
    staff."""
    if visitor is None or not visitor.is_staff or visitor.account is None:
        return None
    return visitor.account.branch


def branch_of_request() -> uuid.UUID | None:
    """The same for the request that is being answered. Raises LookupError outside of the back office."""
    return _branch_of_request.get()


async def sees_customer(visitor: Visitor, customer_id: uuid.UUID) -> bool:
    """Whether a customer that a form names lies in the staff member's branch."""
    branch = branch_of(visitor)
    return branch is None or bool(
        await DB.fetch_value(
            f"SELECT EXISTS (SELECT FROM customers c WHERE c.id = $2 AND {_IN_BRANCH})",  # see above
            branch,
            customer_id,
        )
    )


async def numbers_seen(visitor: Visitor, numbers: Sequence[str]) -> list[str]:
    """Those of the customer numbers that a form names whose customers the staff member sees."""
    branch = branch_of(visitor)
    if branch is None:
        return list(numbers)
    rows = await DB.fetch(
        f"SELECT c.number FROM customers c WHERE c.number = ANY($2::text[]) AND {_IN_BRANCH}",  # see above
        branch,
        list(numbers),
    )
    return [row["number"] for row in rows]


async def people_seen(visitor: Visitor, user_ids: Collection[uuid.UUID | None]) -> set[uuid.UUID | None]:
    """Those of the users who act for customers of the staff member's branch only; None, a guest, is seen by who
    sees all."""
    branch = branch_of(visitor)
    if branch is None:
        return set(user_ids)
    rows = await DB.fetch(
        f"SELECT u.id FROM users u WHERE u.id = ANY($2::uuid[]) AND {person_in_branch('u.id', '$1')}",
        branch,
        [one for one in user_ids if one is not None],
    )
    return {row["id"] for row in rows}


async def seen_organisations(visitor: Visitor) -> list[Organisation]:
    """The tree as far as the staff member sees it: parents before their children."""
    return organisations_within(branch_of(visitor), await organisations())


def organisations_within(branch: uuid.UUID | None, tree: Sequence[Organisation]) -> list[Organisation]:
    """Those of the tree in the branch, all of them for None."""
    return [one for one in tree if branch is None or branch in one.path]


async def organisation_choices(
    visitor: Visitor, *, without: uuid.UUID | None = None
) -> list[tuple[str, str]]:
    """(id, name) of the organisations that may be chosen, those below others marked by dashes; `without` leaves
    out a node with all below it."""
    return as_choices(await seen_organisations(visitor), without=without)


def as_choices(seen: Sequence[Organisation], *, without: uuid.UUID | None = None) -> list[tuple[str, str]]:
    """(id, name) of each, those below others marked by dashes."""
    top = min((one.depth for one in seen), default=0)
    return [(str(one.id), f"{'– ' * (one.depth - top)}{one.name}") for one in seen if without not in one.path]
