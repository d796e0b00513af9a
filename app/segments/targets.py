"""Target groups: whom a price list, catalog view, promotion, content item or shipping method is meant for.

An owner without any target is for nobody, so that something that is half made is never shown to all.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.segments.audience import Audience
from app.segments.implicit import implicit_segments
from app.segments.segmentation_services import is_any_service_active
from app.segments.told_targets import record_target_group
from app.versions import Held, Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key
from tables.segments import TargetKind


class NoServiceActive(Exception):
    """Custom segments cannot be chosen as target groups while no segmentation service is active (domain.md 7)."""


class TargetUnknown(LookupError):
    """There is no such segment, customer, organisation or contract; `names` says which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class Targets:
    """A target group."""

    segments: frozenset[str] = frozenset()
    customers: frozenset[uuid.UUID] = frozenset()
    # Those whose customers, and those below, are meant (domain.md 11).
    organisations: frozenset[uuid.UUID] = frozenset()
    # Those whose customers are meant while the contract is valid (domain.md 12).
    contracts: frozenset[uuid.UUID] = frozenset()

    def holds_for(self, audience: Audience) -> bool:
        """Whether somebody of that audience is in the target group."""
        return (
            audience.customer_id in self.customers
            or not self.segments.isdisjoint(audience.segments)
            or not self.organisations.isdisjoint(audience.organisations)
            or not self.contracts.isdisjoint(audience.contracts)
        )


@dataclass(frozen=True, slots=True)
class _All:
    """All target groups of this moment, found by owner and, for pages, by member."""

    by_owner: dict[TargetKind, dict[str, Targets]] = field(default_factory=dict)
    of_segment: dict[TargetKind, dict[str, set[str]]] = field(default_factory=dict)
    # By the id of a customer, organisation or contract: no two of them are alike.
    of_key: dict[TargetKind, dict[uuid.UUID, set[str]]] = field(default_factory=dict)


async def targeted(kind: TargetKind, versions: Mapping[str, int]) -> Mapping[str, Targets]:
    """The target group of each owner of a kind that has one, by the owner's id."""
    return (await _all.at(versions)).by_owner.get(kind, {})


async def owners_for(kind: TargetKind, audience: Audience, versions: Mapping[str, int]) -> set[str]:
    """The ids of all owners of a kind whose target group holds for an audience, however many there are."""
    held = await _all.at(versions)
    of_segment = held.of_segment.get(kind, {})
    found: set[str] = set()
    for segment in audience.segments:
        found |= of_segment.get(segment, set())
    of_key = held.of_key.get(kind, {})
    for key in (audience.customer_id, *audience.organisations, *audience.contracts):
        if key is not None:
            found |= of_key.get(key, set())
    return found


async def targets_of(kind: TargetKind, owner: str) -> Targets:
    """The target group of one owner as it is now, for editing."""
    rows = await DB.fetch(f"{_READ} WHERE kind = $1 AND owner = $2", TargetKind(kind).value, owner)
    return _arranged(rows).by_owner.get(TargetKind(kind), {}).get(owner, Targets())


async def aim(
    kind: TargetKind,
    owner: str,
    *,
    segments: Iterable[str] = (),
    customers: Iterable[uuid.UUID] = (),
    organisations: Iterable[uuid.UUID] = (),
    contracts: Iterable[uuid.UUID] = (),
    visitor: Visitor | None = None,
) -> None:
    """Makes these the target group of an owner, instead of what it was, in one transaction with the caller's.

    A change is recorded here, for all kinds: who is given which prices and views (domain.md 15). Raises
    TargetUnknown, and NoServiceActive for a custom segment that was not chosen before.
    """
    wanted = Targets(
        frozenset(segments), frozenset(customers), frozenset(organisations), frozenset(contracts)
    )
    async with DB.transaction():
        before = await targets_of(kind, owner)
        if wanted == before:
            return
        await _refuse_unknown(wanted)
        implicit = {one.id for one in implicit_segments()}
        if wanted.segments - before.segments - implicit and not await is_any_service_active():
            raise NoServiceActive
        await DB.execute("DELETE FROM targets WHERE kind = $1 AND owner = $2", TargetKind(kind).value, owner)
        for column, members in (
            ("segment", wanted.segments),
            ("customer", wanted.customers),
            ("organisation", wanted.organisations),
            ("contract", wanted.contracts),
        ):
            ordered = sorted(members, key=str)
            await DB.execute(
                f"INSERT INTO targets (id, kind, owner, {column})"  # one of the four above
                " SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::"
                f"{'text' if column == 'segment' else 'uuid'}[])",
                [new_key() for _one in ordered],
                [TargetKind(kind).value] * len(ordered),
                [owner] * len(ordered),
                ordered,
            )
        await record_target_group(kind, owner, before, wanted, visitor=visitor)
        await raise_version(Subject.TARGETS)


async def aim_at_nobody(kind: TargetKind, owner: str, *, visitor: Visitor | None = None) -> None:
    """Forgets the target group of an owner that is deleted, in the current transaction."""
    await aim(kind, owner, visitor=visitor)


# In the order of the fields of Targets.
_MEMBERS = ("segment", "customer", "organisation", "contract")
_READ = "SELECT kind, owner, segment, customer, organisation, contract FROM targets"


async def _read_all() -> _All:
    return _arranged(await DB.fetch(_READ))


_all: Held[_All] = Held(_read_all, Subject.TARGETS)


def _arranged(rows: list[dict[str, object]]) -> _All:
    # There are many, most of which have one member: nothing is made of each that is not needed.
    members: dict[tuple[TargetKind, str], dict[str, set[Any]]] = {}
    arranged = _All()
    kinds: dict[object, TargetKind] = {one.value: one for one in TargetKind}
    for row in rows:
        kind, owner = kinds[row["kind"]], str(row["owner"])
        group = members.setdefault((kind, owner), {})
        for column in _MEMBERS:
            member = row[column]
            if member is None:
                continue
            group.setdefault(column, set()).add(member)
            if isinstance(member, uuid.UUID):
                arranged.of_key.setdefault(kind, {}).setdefault(member, set()).add(owner)
            else:
                arranged.of_segment.setdefault(kind, {}).setdefault(str(member), set()).add(owner)
    nobody: frozenset[Any] = frozenset()
    for (kind, owner), group in members.items():
        arranged.by_owner.setdefault(kind, {})[owner] = Targets(
            *(frozenset(group[column]) if column in group else nobody for column in _MEMBERS)
        )
    return arranged


async def _refuse_unknown(wanted: Targets) -> None:
    known = {one.id for one in implicit_segments()}
    rows = await DB.fetch(
        "SELECT id FROM segments WHERE id = ANY($1::text[]) FOR KEY SHARE", sorted(wanted.segments)
    )
    unknown = sorted(wanted.segments - known - {row["id"] for row in rows})
    for table, members in (
        ("customers", wanted.customers),
        ("organisations", wanted.organisations),
        ("contracts", wanted.contracts),
    ):
        if not members:
            continue
        rows = await DB.fetch(
            f"SELECT id FROM {table} WHERE id = ANY($1::uuid[]) FOR KEY SHARE",  # one of the three above
            list(members),
        )
        unknown += sorted(str(one) for one in members - {row["id"] for row in rows})
    if unknown:
        raise TargetUnknown(unknown)
