"""Members that a segmentation service pushes: full or delta, by customer number or e-mail (domain.md 7)."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.audit import record
from app.customers.emails import canonical_email
from app.segments.custom import create_segment
from app.segments.filling import MOST_BY_THEMSELVES, find_who_ask_for, hold_who_ask_for
from app.segments.rule_members import lock_who_can_be_judged
from app.segments.segmentation_services import STANDARD, ServiceUnknown, all_services
from tables.engine import DB
from tables.keys import new_key


class PushMode(StrEnum):
    """What happens to members that a push does not name: gone after a full one, untouched by a delta."""

    FULL = "full"
    DELTA = "delta"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedMember:
    """A customer named by its number, or by the verified e-mail of one of its users. `expires_at` is UTC.

    `is_removed`: not a member any more.
    """

    number: str = ""
    email: str = ""
    expires_at: datetime | None = None
    is_removed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PushReport:
    """What a push came to: customers that are members now by what it named, those taken out, names of nobody."""

    members: int
    removed: int
    unknown: list[str]


_BY_NUMBER = "SELECT number AS name, id FROM customers WHERE number = ANY($1::text[])"
# Of all customers that a person buys for. An e-mail that nobody has proved to own names nobody.
_BY_EMAIL = """
    SELECT u.email_canonical AS name, m.customer AS id FROM users u JOIN memberships m ON m."user" = u.id
    WHERE u.email_canonical = ANY($1::text[]) AND u.email_verified_at IS NOT NULL AND m.is_active
"""
_KEEP = """
    INSERT INTO segment_members (id, segment, customer, service, origin, expires_at, created_at)
    SELECT one.id, $1, one.customer, $2, 'push', one.expires_at, now()
    FROM unnest($3::uuid[], $4::uuid[], $5::timestamptz[]) AS one (id, customer, expires_at)
    ON CONFLICT (segment, customer, service, origin) DO UPDATE SET expires_at = excluded.expires_at
"""

_EXPIRED = """
    SELECT customer, array_agg(DISTINCT segment) AS segments FROM segment_members WHERE expires_at < now()
    GROUP BY customer ORDER BY customer LIMIT $1
"""
# A push that is just naming one anew comes before it.
_DELETE_EXPIRED = """
    DELETE FROM segment_members WHERE id IN (
        SELECT id FROM segment_members WHERE expires_at < now() AND customer = ANY($1::uuid[])
        FOR UPDATE SKIP LOCKED) RETURNING segment, customer
"""


async def push_members(
    service_id: str,
    segment_id: str,
    members: Sequence[PushedMember],
    mode: PushMode,
    *,
    segment_name: str = "",
) -> PushReport:
    """Keeps what a service says of one of its segments, whole or not at all.

    The id is the service's own; a segment that is not there yet is made, named `segment_name` or like its id.
    Raises ServiceUnknown, also for the shop's own service, and SegmentRefused for an id that cannot be one.
    """
    if service_id == STANDARD or service_id not in all_services():
        raise ServiceUnknown(service_id)
    async with DB.transaction():
        if not await DB.fetch("SELECT id FROM segments WHERE id = $1 FOR KEY SHARE", segment_id):
            await create_segment(segment_id, segment_name or segment_id)
        expiries, unknown = await _customers(one for one in members if not one.is_removed)
        leaving, unknown_leaving = await _customers(one for one in members if one.is_removed)
        ordered = sorted(expiries.keys() - leaving.keys())
        await DB.execute(
            _KEEP,
            segment_id,
            service_id,
            [new_key() for _one in ordered],
            ordered,
            [expiries[one] for one in ordered],
        )
        # One of two constants.
        where = "NOT customer = ANY($3::uuid[])" if mode is PushMode.FULL else "customer = ANY($3::uuid[])"
        removed = await DB.fetch(
            f"DELETE FROM segment_members WHERE segment = $1 AND service = $2 AND {where} RETURNING customer",
            segment_id,
            service_id,
            ordered if mode is PushMode.FULL else sorted(leaving),
        )
        await find_who_ask_for([segment_id], {*ordered, *(row["customer"] for row in removed)})
        report = PushReport(members=len(ordered), removed=len(removed), unknown=[*unknown, *unknown_leaving])
        await record(
            "segment pushed",
            after={
                "segment": segment_id,
                "service": service_id,
                "mode": mode.value,
                "members": report.members,
                "removed": report.removed,
                "unknown": len(report.unknown),
            },
        )
    return report


async def delete_expired_members() -> int:
    """Deletes members that have expired; how many there were. They have not counted since they expired, and the
    rules that ask for their segments are judged anew for them."""
    deleted = 0
    while some := await _delete_some_expired():
        deleted += some
    return deleted


async def _delete_some_expired() -> int:
    """A few customers at a time, each deletion and judgement in one transaction: when it is cut off, both are still
    to be done. Who is just judged for another reason is left for the next time."""
    async with DB.transaction():
        found = await DB.fetch(_EXPIRED, MOST_BY_THEMSELVES)
        await hold_who_ask_for({segment for row in found for segment in row["segments"]})
        # Before their rows, as in everything that judges a customer and then writes its members.
        free = await lock_who_can_be_judged([row["customer"] for row in found])
        rows = await DB.fetch(_DELETE_EXPIRED, free) if free else []
        await find_who_ask_for({row["segment"] for row in rows}, {row["customer"] for row in rows})
    return len(rows)


async def _customers(named: Iterable[PushedMember]) -> tuple[dict[uuid.UUID, datetime | None], list[str]]:
    """When each named customer's membership ends, and the names of nobody. Named twice, the later end counts."""
    numbers: dict[str, datetime | None] = {}
    emails: dict[str, datetime | None] = {}
    for one in named:
        names, name = (numbers, one.number) if one.number else (emails, canonical_email(one.email))
        names[name] = _later(names[name], one.expires_at) if name in names else one.expires_at
    found: dict[uuid.UUID, datetime | None] = {}
    unknown: list[str] = []
    for statement, names in ((_BY_NUMBER, numbers), (_BY_EMAIL, emails)):
        rows = await DB.fetch(statement, list(names))
        for row in rows:
            ends = names[row["name"]]
            found[row["id"]] = _later(found[row["id"]], ends) if row["id"] in found else ends
        unknown += sorted(names.keys() - {row["name"] for row in rows})
    return found, unknown


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)
