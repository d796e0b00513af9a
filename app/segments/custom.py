"""Custom segments: made, edited and deleted by staff (domain.md 7)."""

import re
from dataclasses import dataclass
from typing import Any

from app.audit import record
from app.errors import Conflict
from app.languages import gettext as _
from app.segments.filling import (
    find_members_of,
    find_who_ask_for,
    find_who_ask_for_customer_groups,
    forget_found_members_of,
)
from app.segments.implicit import REGISTERED_USERS, UNREGISTERED_USERS, ImplicitSegment, implicit_segments
from app.segments.membership import IN_FORCE, is_among_members
from app.segments.rule_members import arranged, current_rules
from app.segments.rules import Rule, RuleRefused, read_rule, rule_text, segments_named_in
from app.segments.uses import Use, organisations_of_group, uses_of_segment
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB

# Starts like a word and has nothing that addresses or files would have to escape.
_ID = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}")
IMPLICIT_PREFIX = "IG_"
# Any number that nothing else locks: rules are edited one at a time, so that no two come to ask for each other.
_LOCK = 7_046_217_310_002
ON_A_PAGE = 50


class SegmentRefused(ValueError):
    """A segment cannot be made so; the message is a sentence for staff."""


class SegmentUnknown(LookupError):
    """There is no such custom segment."""


class StaleSegment(Conflict):
    """Somebody else has changed the segment meanwhile."""


class SegmentInUse(Exception):
    """The segment is used; `uses` says where. `is_in_rules`: other segments' rules must be changed first."""

    def __init__(self, uses: list[Use]) -> None:
        super().__init__(", ".join(one.owner for one in uses))
        self.uses = uses

    @property
    def is_in_rules(self) -> bool:
        """Whether even a confirmed deletion is refused."""
        return any(one.is_rule for one in self.uses)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomSegment:
    """A custom segment as staff see it.

    One that `is_customer_group` can be given to organisations, and wins over the group of a single customer
    (domain.md 11). While `is_being_filled` the worker is still finding out for whom the rule holds. `unreadable_rule`
    is the text of a rule that nobody can read any more, else "": its members stay until it is replaced.
    """

    id: str
    name: str
    description: str
    rule: Rule | None
    version: int
    is_customer_group: bool
    is_being_filled: bool
    unreadable_rule: str

    @property
    def has_rule(self) -> bool:
        """Whether it has a rule, if only one that cannot be read."""
        return self.rule is not None or bool(self.unreadable_rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedSegment(CustomSegment):
    """A custom segment with how many customers are in it, of all services, expired ones not."""

    member_count: int


_COLUMNS = """
    s.id, s.name, s.description, s.rule::text AS rule, s.version, s.is_customer_group,
    (s.rule <> '{}' AND s.fill_due_at IS NOT NULL AND s.fill_due_at <= now()) AS is_being_filled
"""
# Of large segments it takes longer than all else that a page shows: it is read only where it is shown.
# Organisations give customer groups only: all others are counted by their rows alone.
_MEMBER_COUNT = f"""
    CASE WHEN s.is_customer_group
         THEN (SELECT count(*) FROM customers c WHERE {is_among_members("s.id", is_group=True)})
         ELSE (SELECT count(DISTINCT sm.customer) FROM segment_members sm
               WHERE sm.segment = s.id AND {IN_FORCE}) END AS member_count
"""  # only constants are put in


async def custom_segments(search: str = "", page: int = 1) -> list[CountedSegment]:
    """Custom segments whose id or name contains what is searched for, sorted by id, `ON_A_PAGE` of them."""
    rows = await DB.fetch(
        f"SELECT {_COLUMNS}, {_MEMBER_COUNT} FROM segments s"
        " WHERE strpos(lower(s.id || ' ' || s.name), lower($1)) > 0 ORDER BY s.id LIMIT $2 OFFSET $3",
        search,
        ON_A_PAGE,
        (page - 1) * ON_A_PAGE,
    )
    return [CountedSegment(**_read(row)) for row in rows]


async def custom_segment(segment_id: str) -> CustomSegment:
    """One custom segment. Raises SegmentUnknown."""
    row = await DB.fetch_row(f"SELECT {_COLUMNS} FROM segments s WHERE s.id = $1", segment_id)
    if row is None:
        raise SegmentUnknown(segment_id)
    return CustomSegment(**_read(row))


async def count_members(segment_id: str) -> int:
    """How many customers are in a custom segment, of all services, expired ones not. Raises SegmentUnknown."""
    count: int | None = await DB.fetch_value(
        f"SELECT {_MEMBER_COUNT} FROM segments s WHERE s.id = $1", segment_id
    )
    if count is None:
        raise SegmentUnknown(segment_id)
    return count


async def names_of_segments() -> dict[str, str]:
    """The names of all segments by id: implicit ones in the language of the current request, then custom ones."""
    rows = await DB.fetch("SELECT id, name FROM segments ORDER BY name, id")
    implicit: tuple[ImplicitSegment, ...] = implicit_segments()
    return {one.id: _(one.name) for one in implicit} | {row["id"]: row["name"] for row in rows}


async def create_segment(
    segment_id: str,
    name: str,
    description: str = "",
    rule: Rule | None = None,
    *,
    is_customer_group: bool = False,
    visitor: Visitor | None = None,
) -> None:
    """Creates a segment; with a rule its members are found (app/segments/filling.py).

    Raises SegmentRefused, RuleRefused.
    """
    if not _ID.fullmatch(segment_id):
        raise SegmentRefused(
            _("The id starts with a letter and has letters, digits and any of - _ . after it: at most 60.")
        )
    if segment_id.upper().startswith(IMPLICIT_PREFIX):
        raise SegmentRefused(_("Ids that start with IG_ belong to the segments that the shop computes."))
    _refuse_empty_name(name)
    async with DB.transaction():
        await _one_at_a_time()
        await _check_rule(segment_id, rule)
        created = await DB.execute(
            "INSERT INTO segments (id, name, description, rule, is_customer_group, fill_due_at, created_at)"
            " VALUES ($1, $2, $3, $4, $5, NULL, now())"
            " ON CONFLICT (id) DO NOTHING",
            segment_id,
            name.strip(),
            description,
            rule_text(rule) if rule is not None else "{}",
            is_customer_group,
        )
        if not created:
            raise SegmentRefused(_("There is a segment with this id already."))
        await raise_version(Subject.SEGMENTS)
        if rule is not None:
            await find_members_of(segment_id)
        after = _shown(segment_id, name, description, rule, is_customer_group)
        await record("segment created", visitor=visitor, after=after)


async def edit_segment(
    segment_id: str,
    name: str,
    description: str = "",
    rule: Rule | None = None,
    *,
    keeps_rule: bool = False,
    is_customer_group: bool = False,
    version: int | None = None,
    visitor: Visitor | None = None,
) -> None:
    """Overwrites all of a segment but its id, if it has the version that was read (None: whatever it has). With
    `keeps_rule` its rule stays as it is stored, even where nobody can read it any more.

    Without a rule it keeps the members that were assigned by hand. The group of an organisation stays a customer
    group. Raises SegmentUnknown, StaleSegment, SegmentRefused, RuleRefused.
    """
    _refuse_empty_name(name)
    async with DB.transaction():
        await _one_at_a_time()
        before = await custom_segment(segment_id)
        if version is not None and before.version != version:
            raise StaleSegment(segment_id)
        if keeps_rule:
            rule = before.rule
        else:
            await _check_rule(segment_id, rule)
        await DB.execute(
            "UPDATE segments SET name = $2, description = $3, rule = CASE WHEN $6 THEN rule ELSE $4 END,"
            " is_customer_group = $5, version = version + 1 WHERE id = $1",
            segment_id,
            name.strip(),
            description,
            rule_text(rule) if rule is not None else "{}",
            is_customer_group,
            keeps_rule,
        )
        if not is_customer_group and (of := await organisations_of_group(segment_id)):
            names = ", ".join(one.name for one in of[:10])
            raise SegmentRefused(_("It is the customer group of %(names)s. Change that first.", names=names))
        await raise_version(Subject.SEGMENTS)
        is_replaced = bool(before.unreadable_rule) and not keeps_rule
        if rule != before.rule or is_replaced:
            if rule is None:
                # Also those of a rule that could not be read: nobody would ever find out about them again.
                await forget_found_members_of(segment_id)
            await find_members_of(segment_id)
        elif is_customer_group != before.is_customer_group:
            await find_who_ask_for([segment_id])
        await record(
            "segment changed",
            visitor=visitor,
            before=_shown(
                segment_id,
                before.name,
                before.description,
                before.rule,
                before.is_customer_group,
                before.unreadable_rule,
            ),
            after=_shown(
                segment_id,
                name,
                description,
                rule,
                is_customer_group,
                before.unreadable_rule if keeps_rule else "",
            ),
        )


async def edit_rule(
    segment_id: str, rule: Rule | None, *, version: int | None = None, visitor: Visitor | None = None
) -> None:
    """Gives a segment another rule, or none, and leaves the rest of it; raises as `edit_segment`."""
    async with DB.transaction():
        await _one_at_a_time()
        of = await custom_segment(segment_id)
        await edit_segment(
            segment_id,
            of.name,
            of.description,
            rule,
            is_customer_group=of.is_customer_group,
            version=version,
            visitor=visitor,
        )


async def delete_segment(
    segment_id: str, *, although_used: bool = False, visitor: Visitor | None = None
) -> None:
    """Deletes a segment with its members, and takes it out of all target groups.

    Raises SegmentUnknown, also for implicit ones, which are never deleted; SegmentInUse where it is a target and
    nobody has confirmed, or where the rule of another segment asks for it.
    """
    async with DB.transaction():
        await _one_at_a_time()
        # Whoever aims at the segment just now holds its row: the deletion waits, and then sees the target.
        await DB.execute("SELECT FROM segments WHERE id = $1 FOR UPDATE", segment_id)
        segment = await custom_segment(segment_id)
        uses = await uses_of_segment(segment_id)
        if any(one.is_rule for one in uses) or (uses and not although_used):
            raise SegmentInUse(uses)
        await DB.execute("DELETE FROM targets WHERE segment = $1", segment_id)
        were_given = await DB.execute(
            "UPDATE organisations SET customer_group = '', version = version + 1 WHERE customer_group = $1",
            segment_id,
        )
        await DB.execute("DELETE FROM segment_members WHERE segment = $1", segment_id)
        await DB.execute("DELETE FROM segments WHERE id = $1", segment_id)
        if uses:
            await raise_version(Subject.TARGETS)
        await raise_version(Subject.SEGMENTS)
        if were_given:
            # Customers have their own groups again.
            await find_who_ask_for_customer_groups()
        await record(
            "segment deleted",
            visitor=visitor,
            before=_shown(
                segment_id,
                segment.name,
                segment.description,
                segment.rule,
                segment.is_customer_group,
                segment.unreadable_rule,
            )
            | {"used by": [f"{one.kind} {one.owner}" for one in uses]},
        )


async def _one_at_a_time() -> None:
    await DB.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def _check_rule(segment_id: str, rule: Rule | None) -> None:
    if rule is None:
        return
    named = segments_named_in(rule)
    for one in (REGISTERED_USERS, UNREGISTERED_USERS):
        if one.id in named:
            raise RuleRefused(
                _("%(segment)s depends on who is signed in: no rule can ask for it.", segment=one.id)
            )
    rows = await DB.fetch("SELECT id FROM segments WHERE id = ANY($1::text[])", sorted(named))
    unknown = named - {row["id"] for row in rows} - {one.id for one in implicit_segments()}
    if unknown:
        raise RuleRefused(_("There is no segment %(segment)s.", segment=", ".join(sorted(unknown))))
    try:
        arranged({**(await current_rules()).by_segment, segment_id: rule})
    except RuleRefused as error:
        raise RuleRefused(_("Rules must not ask for each other in a circle.")) from error


def _refuse_empty_name(name: str) -> None:
    if not name.strip():
        raise SegmentRefused(_("A segment needs a name."))


def _read(row: dict[str, Any]) -> dict[str, Any]:
    """The columns of a segment with its rule read."""
    text = row["rule"]
    try:
        return {**row, "rule": read_rule(text) if text != "{}" else None, "unreadable_rule": ""}
    except RuleRefused:
        # Its customer type is gone, for example. Staff can give the segment another rule, or delete it.
        return {**row, "rule": None, "unreadable_rule": text}


def _shown(
    segment_id: str,
    name: str,
    description: str,
    rule: Rule | None,
    is_customer_group: bool,
    unreadable_rule: str = "",
) -> dict[str, object]:
    return {
        "id": segment_id,
        "name": name,
        "description": description,
        "rule": rule_text(rule) if rule is not None else unreadable_rule,
        "is_customer_group": is_customer_group,
    }
