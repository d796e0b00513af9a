"""The tree of organisations: made, changed and moved by staff, without circles (domain.md 11)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from app.aimed_at import aimed_at
from app.audit import record
from app.languages import gettext as _
from app.segments.filling import find_who_ask_for_customer_groups
from app.segments.segmentation_services import update_segments_of
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key

# Changes of the tree wait for each other: two moves that are each right may make a circle together.
_LOCK = 4_206_811


class OrganisationUnknown(LookupError):
    """There is no such organisation (any more)."""


class OrganisationRefused(ValueError):
    """The organisation cannot be like that; the message says why, in the person's language. `field` is where."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class StaleOrganisation(Exception):
    """Somebody else has changed the organisation meanwhile; `stored` is what it is now."""

    def __init__(self, stored: "Organisation") -> None:
        super().__init__(stored.name)
        self.stored = stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """A node of the tree. `path` leads from the root to it, itself included."""

    id: uuid.UUID
    name: str
    kind: str
    description: str
    parent: uuid.UUID | None
    path: tuple[uuid.UUID, ...]
    # The segment that is its own customer group; "" where that of the nearest above holds.
    customer_group: str
    version: int
    # Business customers that belong to this very node.
    customers: int

    @property
    def depth(self) -> int:
        """0 for a root."""
        return len(self.path) - 1


_READ = """
    SELECT o.id, o.name, o.kind, o.description, o.parent, o.path, o.customer_group, o.version,
           (SELECT count(*) FROM customers c WHERE c.organisation = o.id) AS customers
    FROM organisations o
"""


async def organisations() -> list[Organisation]:
    """The whole tree: parents before their children, neighbours by name."""
    found = [_organisation(row) for row in await DB.fetch(f"{_READ} ORDER BY lower(o.name), o.id")]
    below: dict[uuid.UUID | None, list[Organisation]] = {}
    for one in found:
        below.setdefault(one.parent, []).append(one)
    ordered: list[Organisation] = []
    waiting = list(reversed(below.get(None, [])))
    while waiting:
        one = waiting.pop()
        ordered.append(one)
        waiting.extend(reversed(below.get(one.id, [])))
    return ordered


async def organisation(organisation_id: uuid.UUID) -> Organisation:
    """One organisation. Raises OrganisationUnknown."""
    row = await DB.fetch_row(f"{_READ} WHERE o.id = $1", organisation_id)
    if row is None:
        raise OrganisationUnknown(organisation_id)
    return _organisation(row)


async def create_organisation(
    name: str,
    *,
    kind: str = "",
    description: str = "",
    parent: uuid.UUID | None = None,
    customer_group: str = "",
    visitor: Visitor | None = None,
) -> uuid.UUID:
    """Adds a node below `parent`, or a root; its id. Raises OrganisationRefused."""
    async with DB.transaction():
        await _one_at_a_time()
        await _refuse(name, parent, customer_group)
        key = new_key()
        above = (await organisation(parent)).path if parent is not None else ()
        await DB.execute(
            "INSERT INTO organisations (id, name, kind, description, parent, path, customer_group, version,"
            " created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, now())",
            key,
            name.strip(),
            kind.strip(),
            description,
            parent,
            [*above, key],
            customer_group,
        )
        await record("organisation created", visitor=visitor, after=_shown(await organisation(key)))
    return key


async def edit_organisation(
    organisation_id: uuid.UUID,
    name: str,
    *,
    kind: str = "",
    description: str = "",
    parent: uuid.UUID | None = None,
    customer_group: str = "",
    version: int | None = None,
    visitor: Visitor | None = None,
) -> None:
    """Overwrites a node, if it has the version that was read (None: whatever it has); another parent moves the
    whole branch with its customers.

    Nothing can be moved below itself: that would be a circle. Raises OrganisationUnknown, StaleOrganisation,
    OrganisationRefused.
    """
    async with DB.transaction():
        await _one_at_a_time()
        before = await organisation(organisation_id)
        if version is not None and before.version != version:
            raise StaleOrganisation(before)
        await _refuse(name, parent, customer_group, except_for=organisation_id)
        above = (await organisation(parent)).path if parent is not None else ()
        if organisation_id in above:
            raise OrganisationRefused(
                _("An organisation cannot be below itself. Please choose a parent outside of its branch."),
                "parent",
            )
        await DB.execute(
            "UPDATE organisations SET name = $2, kind = $3, description = $4, parent = $5, customer_group = $6,"
            " version = version + 1 WHERE id = $1",
            organisation_id,
            name.strip(),
            kind.strip(),
            description,
            parent,
            customer_group,
        )
        if parent != before.parent:
            # What stood above the branch is replaced in the path of each of its nodes.
            await DB.execute(
                "UPDATE organisations SET path = $2::uuid[] || path[array_position(path, $1::uuid):]"
                " WHERE path @> ARRAY[$1::uuid]",
                organisation_id,
                list(above),
            )
        if parent != before.parent or customer_group != before.customer_group:
            await find_who_ask_for_customer_groups()
        after = await organisation(organisation_id)
        await record("organisation changed", visitor=visitor, before=_shown(before), after=_shown(after))


async def delete_organisation(organisation_id: uuid.UUID, *, visitor: Visitor | None = None) -> None:
    """Deletes a node that has neither customers nor anything below, and takes it out of all target groups.

    Raises OrganisationUnknown, OrganisationRefused.
    """
    async with DB.transaction():
        await _one_at_a_time()
        # Whoever puts a customer there just now holds the row: the deletion waits, and then sees the customer.
        await DB.execute("SELECT FROM organisations WHERE id = $1 FOR UPDATE", organisation_id)
        before = await organisation(organisation_id)
        if before.customers or await DB.fetch_value(
            "SELECT EXISTS (SELECT FROM organisations WHERE parent = $1)", organisation_id
        ):
            raise OrganisationRefused(_("Only an organisation with nothing in it can be deleted."))
        if await DB.fetch_value(
            "SELECT EXISTS (SELECT FROM staff_members WHERE organisation = $1)", organisation_id
        ):
            raise OrganisationRefused(_("Staff members are limited to this organisation."))
        told = _shown(before) | await aimed_at("organisation", organisation_id)
        if await DB.execute("DELETE FROM targets WHERE organisation = $1", organisation_id):
            await raise_version(Subject.TARGETS)
        await DB.execute("DELETE FROM organisations WHERE id = $1", organisation_id)
        await record("organisation deleted", visitor=visitor, before=told)


async def put_customer_into(
    customer_id: uuid.UUID, organisation_id: uuid.UUID | None, *, visitor: Visitor | None = None
) -> None:
    """Makes a customer belong to an organisation, or to none. Its users see the change at the next request.

    Raises OrganisationUnknown.
    """
    async with DB.transaction():
        if organisation_id is not None and not await DB.fetch_value(
            "SELECT true FROM organisations WHERE id = $1 FOR KEY SHARE", organisation_id
        ):
            raise OrganisationUnknown(organisation_id)
        before = await DB.fetch_value(
            "SELECT organisation FROM customers WHERE id = $1 FOR NO KEY UPDATE", customer_id
        )
        if before == organisation_id:
            return
        await DB.execute(
            "UPDATE customers SET organisation = $2, version = version + 1 WHERE id = $1",
            customer_id,
            organisation_id,
        )
        await record(
            "customer put into organisation",
            visitor=visitor,
            customer_id=customer_id,
            before={"organisation": await _name(before)},
            after={"organisation": await _name(organisation_id)},
        )
        # Another customer group may hold, and rules ask for it.
        await update_segments_of(customer_id)


async def _refuse(
    name: str, parent: uuid.UUID | None, customer_group: str, except_for: uuid.UUID | None = None
) -> None:
    if not name.strip():
        raise OrganisationRefused(_("Please enter a name."), "name")
    if parent is not None and not await DB.fetch_value(
        "SELECT EXISTS (SELECT FROM organisations WHERE id = $1)", parent
    ):
        raise OrganisationRefused(_("There is no such organisation."), "parent")
    if await DB.fetch_value(
        "SELECT EXISTS (SELECT FROM organisations WHERE lower(name) = lower($1)"
        " AND parent IS NOT DISTINCT FROM $2 AND id IS DISTINCT FROM $3)",
        name.strip(),
        parent,
        except_for,
    ):
        raise OrganisationRefused(_("There is an organisation of this name at this place already."), "name")
    # The row is held, so that it stays a customer group until this is committed.
    if customer_group and not await DB.fetch_value(
        "SELECT true FROM segments WHERE id = $1 AND is_customer_group FOR SHARE", customer_group
    ):
        raise OrganisationRefused(
            _("Please choose one of the segments that are customer groups."), "customer_group"
        )


async def _one_at_a_time() -> None:
    await DB.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)


async def _name(organisation_id: uuid.UUID | None) -> str:
    return await DB.fetch_value("SELECT name FROM organisations WHERE id = $1", organisation_id) or ""


def _organisation(row: dict[str, object]) -> Organisation:
    path: Sequence[uuid.UUID] = row.pop("path")  # type: ignore[assignment]  # an array of uuid
    return Organisation(path=tuple(path), **row)  # type: ignore[arg-type]  # the columns of _READ


def _shown(one: Organisation) -> dict[str, object]:
    return {
        "name": one.name,
        "kind": one.kind,
        "description": one.description,
        "parent": str(one.parent or ""),
        "customer_group": one.customer_group,
    }
