"""The tree of organisations in the back office (domain.md 11)."""

import uuid

import pytest

from app.organisations.tree import create_organisation, organisation, organisations, put_customer_into
from app.segments.custom import create_segment
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")


async def test_an_organisation_is_made_moved_and_deleted(staff: Person) -> None:
    page = await send(staff, "/organisations/new", {"name": "North", "kind": "Region"})
    assert "The organisation is created." in page.main
    (north,) = await organisations()
    page = await send(staff, f"/organisations/new?parent={north.id}", {"name": "Hamburg"})
    hamburg = next(one for one in await organisations() if one.name == "Hamburg")
    assert hamburg.path == (north.id, hamburg.id)
    south = await create_organisation("South")
    page = await send(
        staff, f"/organisations/{hamburg.id}", {"parent": str(south), "description": "At the Elbe"}
    )
    assert "The organisation is changed." in page.main
    assert (await organisation(hamburg.id)).path == (south, hamburg.id)
    tree = await staff.get("/organisations")
    assert tree.main.index("North") < tree.main.index("South") < tree.main.index("Hamburg")
    page = await staff.fill(await staff.get(f"/organisations/{south}/delete"), {"confirmed": "yes"})
    assert "Only an organisation with nothing in it can be deleted." in page.main
    page = await staff.fill(await staff.get(f"/organisations/{hamburg.id}/delete"), {"confirmed": "yes"})
    assert "The organisation is deleted." in page.main
    assert (await staff.get(f"/organisations/{hamburg.id}")).status == 404


async def test_a_branch_cannot_be_moved_below_itself(staff: Person) -> None:
    north = await create_organisation("North")
    hamburg = await create_organisation("Hamburg", parent=north)
    page = await staff.get(f"/organisations/{north}")
    assert f'value="{hamburg}"' not in page.html
    page = await staff.post(
        f"/organisations/{north}", {"name": "North", "parent": str(hamburg), "version": "1"}
    )
    assert "below itself" in page.errors["parent"]
    page = await staff.post(
        f"/organisations/{north}", {"name": "North", "parent": str(uuid.uuid4()), "version": "1"}
    )
    assert page.errors == {"parent": "Please choose one of the options."}


async def test_the_page_lists_customers_in_it_and_below(staff: Person) -> None:
    north = await create_organisation("North")
    hamburg = await create_organisation("Hamburg", parent=north)
    known, other = await people.company(), await people.company("x@plain.example", company_name="Plain")
    await put_customer_into(known.customer_id, hamburg)
    await put_customer_into(other.customer_id, north)
    page = await staff.get(f"/organisations/{north}")
    assert page.main.index("Plain") < page.main.index("Alfreds Futterkiste")
    page = await staff.get(f"/organisations/{hamburg}")
    assert "Plain" not in page.main


async def test_only_customer_groups_can_be_the_group_of_an_organisation(staff: Person) -> None:
    await create_segment("GOLD", "Gold")
    await create_segment("NEWS", "News")
    await DB.execute("UPDATE segments SET is_customer_group = true WHERE id = 'GOLD'")
    page = await send(staff, "/organisations/new", {"name": "North", "customer_group": "GOLD"})
    assert "The organisation is created." in page.main
    assert "Gold" in (await staff.get("/organisations")).main
    page = await staff.post("/organisations/new", {"name": "South", "customer_group": "NEWS"})
    assert "customer_group" in page.errors


async def test_who_saves_an_organisation_that_somebody_changed_meanwhile_sees_both(staff: Person) -> None:
    north = await create_organisation("North")
    stale = await staff.get(f"/organisations/{north}")
    await send(staff, f"/organisations/{north}", {"name": "Theirs"})
    page = await staff.fill(stale, {"name": "Mine"}, form="name")
    assert page.status == 409
    assert page.errors["name"] == "Stored now: Theirs"


async def test_the_tree_is_for_staff_with_the_privilege() -> None:
    person = await (await people.staff_member("n@example.com", privileges=("customers",))).signed_in()
    assert (await person.get("/organisations")).status == 403
