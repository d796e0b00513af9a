"""Reading the audit log: the newest entries first, by action and by customer (domain.md 15)."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.audit_words import recorded_changes
from app.languages import text
from app.marketing.content import SLOTS
from app.segments.implicit import implicit_segments
from tables.engine import DB

PER_PAGE = 50
LINES_OF_CUSTOMER = 5
# What the program records, wherever it does; the log shows these words in the language of the reader.
ACTIONS = (
    text("account manager added"),
    text("account manager removed"),
    text("address added"),
    text("address changed"),
    text("address deleted"),
    text("address preferred for billing"),
    text("address preferred for shipping"),
    text("catalog view changed"),
    text("catalog view created"),
    text("catalog view deleted"),
    text("category changed"),
    text("category created"),
    text("category deleted"),
    text("company changed"),
    text("content changed"),
    text("content created"),
    text("content deleted"),
    text("contract changed"),
    text("contract created"),
    text("contract deleted"),
    text("customer application corrected"),
    text("customer approved"),
    text("customer created"),
    text("customer deleted"),
    text("customer disabled"),
    text("customer enabled"),
    text("customer merge undone"),
    text("customer put into organisation"),
    text("customer number changed"),
    text("customer put into segment"),
    text("customer registered"),
    text("customer rejected"),
    text("customer taken out of segment"),
    text("customers merged"),
    text("e-mail change asked"),
    text("e-mail change undone"),
    text("e-mail changed"),
    text("data request asked"),
    text("data request carried out"),
    text("data request confirmed"),
    text("data request declined"),
    text("data request withdrawn"),
    text("e-mail verified"),
    text("former user handed over"),
    text("guest orders claimed"),
    text("invitation accepted"),
    text("invitation sent again"),
    text("invitation taken back"),
    text("invitations uploaded"),
    text("joining accepted"),
    text("joining asked"),
    text("joining by e-mail domain changed"),
    text("joining refused"),
    text("user invited"),
    text("mail sent again"),
    text("member changed"),
    text("member left"),
    text("member limits changed"),
    text("member put back"),
    text("member removed"),
    text("member roles changed"),
    text("membership disabled"),
    text("membership enabled"),
    text("newsletter sent"),
    text("order cancelled"),
    text("order confirmed"),
    text("order returned"),
    text("order shipped"),
    text("order template changed"),
    text("order template created"),
    text("order template deleted"),
    text("order withdrawn"),
    text("payment given back"),
    text("organisation changed"),
    text("organisation created"),
    text("organisation deleted"),
    text("passkey added"),
    text("passkey refused"),
    text("passkey removed"),
    text("password changed"),
    text("password mail sent"),
    text("password reset"),
    text("price entries added"),
    text("price entry changed"),
    text("price entry deleted"),
    text("price list changed"),
    text("price list created"),
    text("price list deleted"),
    text("privileges changed"),
    text("product changed"),
    text("product created"),
    text("product deleted"),
    text("profile changed"),
    text("promotion changed"),
    text("promotion created"),
    text("promotion deleted"),
    text("recovery code used"),
    text("recovery codes removed"),
    text("recovery codes renewed"),
    text("requisition approved"),
    text("requisition asked"),
    text("requisition expired"),
    text("requisition rejected"),
    text("requisition withdrawn"),
    text("role changed"),
    text("role created"),
    text("role deleted"),
    text("second factor added"),
    text("second factor removed"),
    text("segment changed"),
    text("segment created"),
    text("segment deleted"),
    text("segment pushed"),
    text("segmentation service changed"),
    text("shipping method changed"),
    text("shipping method created"),
    text("shipping method deleted"),
    text("shipping method saved"),
    text("staff member added"),
    text("staff member disabled"),
    text("staff member enabled"),
    text("staff member limited to organisation"),
    text("stand-in appointed"),
    text("stand-in ended"),
    text("target group changed"),
    text("tax rates changed"),
    text("user disabled"),
    text("user enabled"),
    text("user moved"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """One entry. `actor_name` is "" where the program itself acted. The time is UTC."""

    id: uuid.UUID
    happened_at: datetime
    action: str
    actor_name: str
    application: str
    customer_number: str
    customer_name: str
    user_name: str
    changes: tuple[tuple[str, str, str], ...]
    reason: str


async def audit_lines(
    *,
    action: str = "",
    customer_number: str = "",
    before: uuid.UUID | None = None,
    branch: uuid.UUID | None = None,
) -> tuple[AuditLine, ...]:
    """A page of entries older than the entry `before`; one more than PER_PAGE when there are yet older ones.

    A customer's entries are those that name it or one of its users; those of a branch of the tree are those that
    name a customer in it, and of a customer in it those that name a user and no customer.
    """
    conditions = ["true"]
    values: list[object] = []
    if action:
        values.append(action)
        conditions.append(f"a.action = ${len(values)}")
    if customer_number:
        values.append(customer_number)
        conditions.append(
            _OF_CUSTOMER.format(customer=f"(SELECT id FROM customers WHERE number = ${len(values)})")
        )
    if branch is not None:
        values.append(branch)
        of_branch = _OF_BRANCH.format(customer="a.customer_id", branch=f"${len(values)}")
        if customer_number:
            own = _OF_BRANCH.format(
                customer="(SELECT id FROM customers WHERE number = $%d)", branch=f"${len(values)}"
            )
            of_branch = f"({of_branch} OR (a.customer_id IS NULL AND {own % (len(values) - 1)}))"
        conditions.append(of_branch)
    if before is not None:
        values.append(before)
        conditions.append(
            f"(a.happened_at, a.id) < (SELECT happened_at, id FROM audit_entries WHERE id = ${len(values)})"
        )
    sql = _LINES.format(where=" AND ".join(conditions), limit=PER_PAGE + 1)
    return tuple(_line(row) for row in await DB.fetch(sql, *values))


async def audit_lines_of_customer(
    customer_id: uuid.UUID, branch: uuid.UUID | None = None
) -> tuple[AuditLine, ...]:
    """The newest entries that name a customer or one of its users; none of customers outside of a branch of the tree
    for which one of them acts as well, where one is named."""
    in_branch = _OF_BRANCH.format(customer="a.customer_id", branch="$2")
    where = _OF_CUSTOMER.format(customer="$1")
    where += f" AND ($2::uuid IS NULL OR a.customer_id IS NULL OR {in_branch})"
    sql = _LINES.format(where=where, limit=LINES_OF_CUSTOMER)
    return tuple(_line(row) for row in await DB.fetch(sql, customer_id, branch))


async def audited_actions() -> list[str]:
    """Every action of which there are entries, in order; found by hopping through the index."""
    return [row["action"] for row in await DB.fetch(_ACTIONS) if row["action"]]


# Only constants of this module are put into the text; what was asked for goes as parameters.
_OF_CUSTOMER = """(
    a.customer_id = {customer}
    OR a.user_id IN (SELECT m."user" FROM memberships m WHERE m.customer = {customer})
)"""
_OF_BRANCH = """{customer} IN (
    SELECT c.id FROM customers c JOIN organisations o ON o.id = c.organisation WHERE {branch} = ANY(o.path)
)"""
_LINES = """
    SELECT a.id, a.happened_at, a.action, a.actor_name, a.application, a.before::text AS before,
           a.after::text AS after, a.reason, coalesce(c.number, '') AS customer_number,
           coalesce(c.search_name, '') AS customer_name,
           coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login, '') AS user_name
    FROM audit_entries a
    LEFT JOIN customers c ON c.id = a.customer_id
    LEFT JOIN users u ON u.id = a.user_id
    WHERE {where} ORDER BY a.happened_at DESC, a.id DESC LIMIT {limit}
"""
_ACTIONS = """
    WITH RECURSIVE hops AS (
        SELECT min(action) AS action FROM audit_entries
        UNION ALL
        SELECT (SELECT min(a.action) FROM audit_entries a WHERE a.action > hops.action) FROM hops
        WHERE hops.action IS NOT NULL
    )
    SELECT action FROM hops WHERE action IS NOT NULL ORDER BY action
"""


def _line(row: dict[str, Any]) -> AuditLine:
    before = msgspec.json.decode(row.pop("before"), type=dict[str, Any])
    after = msgspec.json.decode(row.pop("after"), type=dict[str, Any])
    # Custom segments are told by their ids, which never change.
    words = {"segments": {one.id: one.name for one in implicit_segments()}, "slot": SLOTS}
    return AuditLine(**row, changes=tuple(recorded_changes(before, after, words)))
