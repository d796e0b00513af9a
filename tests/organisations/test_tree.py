"""The tree of organisations (domain.md 11)."""

import asyncio
import uuid

import pytest

from app.organisations.tree import (
    OrganisationRefused,
    OrganisationUnknown,
    StaleOrganisation,
    create_organisation,
    delete_organisation,
    edit_organisation,
    organisation,
    organisations,
    put_customer_into,
)
from app.segments.custom import create_segment
from app.segments.targets import aim, targets_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people

pytestmark = pytest.mark.usefixtures("database")


async def tree() -> list[str]:
    return [f"{'-' * one.depth}{one.name}" for one in await organisations()]


async def move(key: uuid.UUID, parent: uuid.UUID | None) -> None:
    one = await organisation(key)
    await edit_organisation(key, one.name, parent=parent)


async def paths_are_right() -> bool:
    return not await DB.fetch(
        "SELECT o.name FROM organisations o LEFT JOIN organisations p ON p.id = o.parent"
        " WHERE o.path <> coalesce(p.path, '{}') || o.id"
    )


async def test_parents_stand_before_their_children_and_neighbours_by_name() -> None:
    south = await create_organisation("South")
    north = await create_organisation("North", kind="Region")
    await create_organisation("Munich", parent=south)
    hamburg = await create_organisation("Hamburg", parent=north)
    await create_organisation("Altona", parent=hamburg)
    await create_organisation("Bremen", parent=north)
    assert await tree() == ["North", "-Bremen", "-Hamburg", "--Altona", "South", "-Munich"]
    assert await paths_are_right()


async def test_a_name_is_required_and_unique_among_neighbours() -> None:
    north = await create_organisation("North")
    await create_organisation("Hamburg", parent=north)
    with pytest.raises(OrganisationRefused, match="enter a name"):
        await create_organisation("  ")
    with pytest.raises(OrganisationRefused, match="of this name"):
        await create_organisation("HAMBURG", parent=north)
    await create_organisation("Hamburg")


async def test_a_branch_moves_with_all_below_it() -> None:
    north, south = await create_organisation("North"), await create_organisation("South")
    hamburg = await create_organisation("Hamburg", parent=north)
    await create_organisation("Altona", parent=hamburg)
    await move(hamburg, south)
    assert await tree() == ["North", "South", "-Hamburg", "--Altona"]
    await move(hamburg, None)
    assert await tree() == ["Hamburg", "-Altona", "North", "South"]
    assert await paths_are_right()


async def test_nothing_is_moved_below_itself() -> None:
    north = await create_organisation("North")
    hamburg = await create_organisation("Hamburg", parent=north)
    altona = await create_organisation("Altona", parent=hamburg)
    for below in (north, hamburg, altona):
        with pytest.raises(OrganisationRefused, match="below itself"):
            await move(north, below)
    assert await tree() == ["North", "-Hamburg", "--Altona"]


async def test_two_moves_at_once_make_no_circle() -> None:
    for round_ in range(10):
        one, other = await create_organisation(f"One {round_}"), await create_organisation(f"Other {round_}")
        ends = await asyncio.gather(move(one, other), move(other, one), return_exceptions=True)
        assert [type(end) for end in ends if end is not None] == [OrganisationRefused]
    assert await paths_are_right()
    assert len(await organisations()) == 20


async def test_the_slower_of_two_editors_is_told() -> None:
    north = await create_organisation("North")
    await edit_organisation(north, "The North", version=1)
    with pytest.raises(StaleOrganisation) as told:
        await edit_organisation(north, "Northern region", version=1)
    assert told.value.stored.name == "The North"


async def test_only_an_empty_organisation_is_deleted_and_leaves_no_target_behind() -> None:
    north = await create_organisation("North")
    hamburg = await create_organisation("Hamburg", parent=north)
    known = await people.company()
    assert known.customer_id is not None
    await put_customer_into(known.customer_id, hamburg)
    await aim(TargetKind.PRICE_LIST, "A", organisations=[hamburg])
    for one in (north, hamburg):
        with pytest.raises(OrganisationRefused, match="nothing in it"):
            await delete_organisation(one)
    await put_customer_into(known.customer_id, None)
    await delete_organisation(hamburg)
    await delete_organisation(north)
    assert await organisations() == []
    assert not (await targets_of(TargetKind.PRICE_LIST, "A")).organisations
    with pytest.raises(OrganisationUnknown):
        await put_customer_into(known.customer_id, hamburg)


async def test_a_customer_group_is_a_segment_that_says_so() -> None:
    await create_segment("GOLD", "Gold")
    with pytest.raises(OrganisationRefused, match="customer groups"):
        await create_organisation("North", customer_group="GOLD")
    await DB.execute("UPDATE segments SET is_customer_group = true")
    north = await create_organisation("North", customer_group="GOLD")
    assert (await organisation(north)).customer_group == "GOLD"


async def test_every_change_of_the_tree_is_recorded() -> None:
    north = await create_organisation("North")
    await edit_organisation(north, "The North")
    await delete_organisation(north)
    actions = [
        row["action"] for row in await DB.fetch("SELECT action FROM audit_entries ORDER BY happened_at")
    ]
    assert actions == ["organisation created", "organisation changed", "organisation deleted"]
