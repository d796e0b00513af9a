"""Members of custom segments, assigned by hand or by import; who is in, and why (domain.md 7)."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.applications import Application
from app.audit import record
from app.customers.branches import customer_in_branch
from app.customers.types import all_customer_types
from app.languages import gettext as _
from app.segments.audience import segments_of, with_group_of_organisation
from app.segments.condition import Arguments
from app.segments.custom import SegmentUnknown
from app.segments.customer_groups import group_given_to, is_customer_group
from app.segments.facts import facts_of
from app.segments.filling import find_who_ask_for
from app.segments.implicit import EVERYONE, NEW_USERS, RECURRING_USERS
from app.segments.membership import GROUP_OF_CUSTOMER, IN_FORCE, is_among_members
from app.segments.rule_members import current_rules
from app.segments.rules import Judged, Rule, judged, windows_of
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

Origin = Literal["hand", "rule", "import", "push", "organisation"]
ON_A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A customer in a list of members."""

    id: uuid.UUID
    number: str
    name: str
    customer_type: str
    origins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """For whom a rule would hold: how many customers, and the first few by number."""

    count: int
    examples: list[Member]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a customer is in a segment. `words` are a sentence; a rule comes with all its parts as judged now.

    `origin` is "" where the program computes the segment.
    """

    words: str
    origin: str = ""
    since: datetime | None = None
    until: datetime | None = None
    rule: Judged | None = None


_MEMBERS = """
    SELECT c.id, c.number, c.search_name AS name, c.customer_type,
           ARRAY(SELECT DISTINCT sm.origin FROM segment_members sm
                 WHERE sm.customer = c.id AND sm.segment = $1 AND {in_force} ORDER BY sm.origin)
           || CASE WHEN {group} = $1 THEN ARRAY['organisation'] ELSE ARRAY[]::text[] END AS origins
    FROM customers c
    WHERE {is_member}
      AND ($2 = '' OR strpos(lower(c.number || ' ' || c.search_name), lower($2)) > 0)
      AND ($5::uuid IS NULL OR {in_branch})
    ORDER BY c.number LIMIT $3 OFFSET $4
"""
_REASONS = f"""
    SELECT sm.service, sm.origin, sm.created_at, sm.expires_at FROM segment_members sm
    WHERE sm.customer = $1 AND sm.segment = $2 AND {IN_FORCE} ORDER BY sm.created_at, sm.id
"""
_ALL_REASONS = f"""
    SELECT sm.segment, sm.service, sm.origin, sm.created_at, sm.expires_at FROM segment_members sm
    WHERE sm.customer = $1 AND {IN_FORCE} ORDER BY sm.created_at, sm.id
"""


async def members_of(
    segment_id: str, search: str = "", page: int = 1, branch: uuid.UUID | None = None
) -> list[Member]:
    """Customers in a custom segment whose number or name contains what is searched for, `ON_A_PAGE` of them; only
    those of a branch of the tree of organisations where one is named."""
    statement = _MEMBERS.format(
        in_force=IN_FORCE,
        group=GROUP_OF_CUSTOMER,
        is_member=is_among_members("$1", is_group=await is_customer_group(segment_id)),
        in_branch=customer_in_branch("c.id", "$5"),
    )
    rows = await DB.fetch(statement, segment_id, search, ON_A_PAGE, (page - 1) * ON_A_PAGE, branch)
    return [Member(**{**row, "origins": tuple(row["origins"])}) for row in rows]


async def assign(
    segment_id: str,
    customers: Collection[uuid.UUID],
    *,
    origin: Literal["hand", "import"] = "hand",
    visitor: Visitor | None = None,
) -> int:
    """Puts customers into a segment; how many were not in it that way. Unknown customers are left out.

    Their users see it at their next request. Raises SegmentUnknown, also for implicit segments.
    """
    async with DB.transaction():
        await _lock_segment(segment_id)
        ordered = sorted(set(customers))
        rows = await DB.fetch(
            "INSERT INTO segment_members (id, segment, customer, service, origin, created_at)"
            " SELECT one.id, $1, c.id, 'standard', $2, now()"
            " FROM unnest($3::uuid[], $4::uuid[]) AS one (id, customer) JOIN customers c ON c.id = one.customer"
            " ON CONFLICT DO NOTHING RETURNING customer",
            segment_id,
            origin,
            [new_key() for _one in ordered],
            ordered,
        )
        await _changed(segment_id, [row["customer"] for row in rows], "customer put into segment", visitor)
    return len(rows)


async def remove(segment_id: str, customers: Collection[uuid.UUID], *, visitor: Visitor | None = None) -> int:
    """Takes customers out of a segment that were assigned by hand or import; how many there were.

    Whom a rule finds or a service delivers stays in. Raises SegmentUnknown.
    """
    async with DB.transaction():
        await _lock_segment(segment_id)
        rows = await DB.fetch(
            "DELETE FROM segment_members WHERE segment = $1 AND service = 'standard' AND origin <> 'rule'"
            " AND customer = ANY($2::uuid[]) RETURNING customer",
            segment_id,
            sorted(set(customers)),
        )
        removed = sorted({row["customer"] for row in rows})
        await _changed(segment_id, removed, "customer taken out of segment", visitor)
    return len(removed)


async def preview(rule: Rule, examples: int = 10) -> Preview:
    """For how many customers a rule holds now, whether or not a segment has it. Nothing is changed."""
    arguments = Arguments(among_all=True)
    holds = rule.sql(arguments)
    count = await DB.fetch_value(f"SELECT count(*) FROM customers c WHERE {holds}", *arguments)
    limit = arguments.add(examples, "int")
    rows = await DB.fetch(
        "SELECT c.id, c.number, c.search_name AS name, c.customer_type FROM customers c"
        f" WHERE {holds} ORDER BY c.number LIMIT {limit}",
        *arguments,
    )
    return Preview(count=count, examples=[Member(**row) for row in rows])


async def segments_of_customer(customer_id: uuid.UUID, application: Application | None = None) -> list[str]:
    """The ids of all segments of a customer whoever comes for it: implicit ones, then custom ones of all services
    or, where an application is named, of those that are active there (domain.md 7), and with the customer group of
    its organisation instead of its own.

    What depends on the session, Registered and Unregistered, is not among them.
    """
    row = await DB.fetch_row(
        "SELECT c.customer_type, c.recurring_since IS NOT NULL AS is_recurring,"
        " ARRAY(SELECT DISTINCT sm.segment FROM segment_members sm"
        "       LEFT JOIN segmentation_services sv ON sv.application = $2 AND sv.service = sm.service"
        f"       WHERE sm.customer = c.id AND {IN_FORCE}"
        "         AND ($2::text IS NULL OR coalesce(sv.is_active, sm.service = 'standard'))"
        f"       ORDER BY 1) AS custom, {GROUP_OF_CUSTOMER} AS group_of_organisation,"
        " ARRAY(SELECT g.id FROM segments g WHERE g.is_customer_group) AS groups FROM customers c WHERE c.id = $1",
        customer_id,
        application.id if application is not None else None,
    )
    if row is None:
        return []
    customer_type = all_customer_types().get(row["customer_type"])
    custom = with_group_of_organisation(frozenset(row["custom"]), row["group_of_organisation"], row["groups"])
    return [*sorted(segments_of(customer_type, is_recurring=row["is_recurring"])), *sorted(custom)]


async def reasons_of_customer(customer_id: uuid.UUID) -> dict[str, list[Reason]]:
    """Why a customer is in each of its segments, by segment id, without judging rules anew: three queries,
    however many segments there are. Own customer groups that do not count for now are among them, and say so."""
    reasons: dict[str, list[Reason]] = {one: [] for one in await segments_of_customer(customer_id)}
    counting = frozenset(reasons)
    given = await group_given_to(customer_id)
    if given in reasons:
        reasons[given].append(_given_by_organisation())
    for row in await DB.fetch(_ALL_REASONS, customer_id):
        reason = _reason(row)
        if row["segment"] not in counting:
            words = _("It does not count: the customer group of the organisation wins.")
            origin = "" if reason.origin == "rule" else reason.origin
            reason = replace(reason, words=f"{reason.words} {words}", origin=origin)
        reasons.setdefault(row["segment"], []).append(reason)
    return {one: found or [Reason(words=_why_implicit(one))] for one, found in reasons.items()}


async def why_in(customer_id: uuid.UUID, segment_id: str) -> list[Reason]:
    """Why a customer is in a segment, in the language of the current request; empty where it is not."""
    if segment_id not in await segments_of_customer(customer_id):
        return []
    rule = (await current_rules()).by_segment.get(segment_id)
    reasons = [_given_by_organisation()] if await group_given_to(customer_id) == segment_id else []
    for row in await DB.fetch(_REASONS, customer_id, segment_id):
        reason = _reason(row)
        if reason.origin == "rule" and rule is not None:
            reason = replace(reason, rule=await _judged(customer_id, rule))
        reasons.append(reason)
    return reasons or [Reason(words=_why_implicit(segment_id))]


def _reason(row: dict[str, Any]) -> Reason:
    """What a row of a member says."""
    from app.segments.segmentation_services import STANDARD, all_services

    when = {"since": row["created_at"], "until": row["expires_at"], "origin": row["origin"]}
    if row["service"] != STANDARD:
        service = all_services().get(row["service"])
        name = _(service.name) if service is not None else row["service"]
        return Reason(words=_("The service %(name)s says so.", name=name), **{**when, "origin": "push"})
    if row["origin"] == "rule":
        return Reason(words=_("The rule of the segment holds."), **when)
    if row["origin"] == "import":
        return Reason(words=_("An import has assigned the customer."), **when)
    return Reason(words=_("The customer was assigned by hand."), **when)


def _given_by_organisation() -> Reason:
    return Reason(words=_("It is the customer group of the customer's organisation."), origin="organisation")


def _why_implicit(segment_id: str) -> str:
    if segment_id == EVERYONE.id:
        return _("All visitors and customers are in it.")
    if segment_id == NEW_USERS.id:
        return _("Nobody has signed in for the customer since its first order, or there is none yet.")
    if segment_id == RECURRING_USERS.id:
        return _("Somebody has signed in for the customer after its first order.")
    return _("All customers of this type are in it.")


async def _judged(customer_id: uuid.UUID, rule: Rule) -> Judged | None:
    facts = await facts_of(customer_id, windows_of(rule))
    if facts is None:
        return None
    facts.segments.update(facts.by_rule)
    return judged(rule, facts)


async def _lock_segment(segment_id: str) -> None:
    if not await DB.fetch("SELECT id FROM segments WHERE id = $1 FOR KEY SHARE", segment_id):
        raise SegmentUnknown(segment_id)


async def _changed(
    segment_id: str, customers: Collection[uuid.UUID], action: str, visitor: Visitor | None
) -> None:
    if not customers:
        return
    await find_who_ask_for([segment_id], customers)
    for one in customers:
        await record(action, visitor=visitor, customer_id=one, after={"segment": segment_id})
