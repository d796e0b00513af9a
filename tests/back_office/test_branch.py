"""Staff who are limited to a branch of the tree see its customers, and nothing of others (domain.md 11)."""

import uuid
from datetime import date

import pytest

from app.back_office.branch import LOOKS
from app.back_office.privileges import ALL_PRIVILEGES
from app.contracts.edit_contract import ContractDetails, create_contract
from app.organisations.tree import create_organisation, put_customer_into
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person, patron

pytestmark = pytest.mark.usefixtures("database")

ALL = tuple(one.value for one in ALL_PRIVILEGES)


async def limited(branch: uuid.UUID, privileges: tuple[str, ...] = ALL) -> Person:
    """A browser of a staff member who is limited to a branch."""
    return await (await people.staff_member("limited@example.com", privileges, branch)).signed_in()


async def order_of(known: people.Known, number: str) -> None:
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, buyer_name, currency,
                            is_net, net_total, tax_total, gross_total, placed_at, version)
        VALUES (gen_random_uuid(), $3, 'business', $1, $2, 'x', 'x', 'Buyer', 'EUR', true, 1000, 0, 1000, now(), 1)
        """,
        known.customer_id,
        known.user_id,
        number,
    )


async def test_what_lies_outside_of_the_branch_is_404_like_what_is_missing() -> None:
    north, south = await create_organisation("North"), await create_organisation("South")
    hamburg = await create_organisation("Hamburg", parent=north)
    own, other = await people.company(), await people.company("x@plain.example", company_name="Plain")
    nowhere = await people.shopper()
    await put_customer_into(own.customer_id, hamburg)
    await put_customer_into(other.customer_id, south)
    details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1))
    contracts = {one.email: await create_contract(one.customer_id, details) for one in (own, other)}
    for one, number in ((own, "P1"), (other, "P2"), (nowhere, "P3")):
        await order_of(one, number)
    person = await limited(north)
    for path in (
        f"/customers/{own.number}",
        f"/customers/{own.number}/orders",
        f"/customers/{own.number}/contracts",
        f"/contracts/{contracts[own.email]}",
        f"/organisations/{hamburg}",
        "/orders/P1",
    ):
        assert (await person.get(path)).status == 200, path
    outside = [
        *(
            f"/customers/{one.number}{tab}"
            for one in (other, nowhere)
            for tab in (
                "",
                "/general",
                "/users",
                "/orders",
                "/history",
                "/price-lists",
                "/number",
                "/contracts",
            )
        ),
        f"/contracts/{contracts[other.email]}",
        f"/contracts/{contracts[other.email]}/delete",
        f"/organisations/{south}",
        "/orders/P2",
        "/orders/P3",
    ]
    for path in outside:
        assert (await person.get(path)).status == 404, path
    for path in (
        f"/customers/{other.number}/disable",
        f"/customers/{other.number}/organisation",
        f"/contracts/{contracts[other.email]}/delete",
        "/orders/P2/confirmed",
    ):
        await person.get("/")
        assert (await person.post(path, {"version": "1"})).status == 404, path


async def test_lists_show_the_branch_only() -> None:
    north = await create_organisation("North")
    await create_organisation("South")
    own, other = await people.company(), await people.company("x@plain.example", company_name="Plain")
    await put_customer_into(own.customer_id, north)
    for one, number in ((own, "P1"), (other, "P2")):
        await order_of(one, number)
        await create_contract(one.customer_id, ContractDetails(name="Frame", starts_on=date(2026, 1, 1)))
    person = await limited(north)
    for path in ("/customers", "/orders", "/contracts"):
        page = await person.get(path)
        assert "Alfreds Futterkiste" in page.main, path
        assert "Plain" not in page.main, path
    tree = await person.get("/organisations")
    assert "North" in tree.main
    assert "South" not in tree.main
    assert "Plain" not in (await person.get("/audit")).main


async def test_many_at_once_are_those_of_the_branch() -> None:
    north = await create_organisation("North")
    own = await people.pending_company("a@pending.example", company_name="Own")
    other = await people.pending_company("b@pending.example", company_name="Other")
    await put_customer_into(own.customer_id, north)
    person = await limited(north)
    page = await person.get("/customers?approval=pending")
    await person.post("/customers/approve", {"number": [own.number, other.number]})
    found = await DB.fetch("SELECT number, approval_status FROM customers")
    assert {row["number"]: row["approval_status"] for row in found} == {
        own.number: "approved",
        other.number: "pending",
    }
    page = await person.get("/")
    assert "Nobody waits for approval." in page.main


async def test_customers_and_organisations_that_they_make_are_in_the_branch() -> None:
    north = await create_organisation("North")
    south = await create_organisation("South")
    person = await limited(north)
    page = await person.get("/customers/new")
    assert f"{page.main}".count("Create:") == 1
    assert (await person.get("/customers/new?type=INDIVIDUAL")).status == 404
    page = await person.get("/customers/new?type=SMB")
    fields = {
        "email": "new@company.example",
        "first_name": "Nina",
        "last_name": "New",
        "company_name": "New Ltd",
        "address_street": "Street 1",
        "address_postal_code": "12209",
        "address_city": "Berlin",
    }
    page = await person.fill(page, fields, form="company_name")
    assert page.status == 200, page.errors
    assert await DB.fetch_value("SELECT organisation FROM customers") == north
    page = await send(person, "/organisations/new", {"name": "Hamburg"})
    assert "The organisation is created." in page.main
    page = await person.post("/organisations/new", {"name": "Munich", "parent": str(south)})
    assert page.errors == {"parent": "Please choose one of the options."}
    page = await person.post("/organisations/new", {"name": "Munich", "parent": ""})
    assert page.errors == {"parent": "Please choose one of the options."}


async def test_a_staff_member_is_limited_and_let_free_again(staff: Person) -> None:
    north = await create_organisation("North")
    colleague = await people.staff_member("c@example.com", privileges=("customers",))
    key = await DB.fetch_value('SELECT id FROM staff_members WHERE "user" = $1', colleague.user_id)
    page = await staff.get(f"/staff/{key}")
    page = await staff.fill(page, {"organisation": str(north)}, form="organisation")
    assert "What the staff member sees is saved." in page.main
    assert page.typed("organisation") == str(north)
    company = await people.company()
    person = await colleague.signed_in()
    assert (await person.get(f"/customers/{company.number}")).status == 404
    await staff.fill(page, {"organisation": ""}, form="organisation")
    assert (await person.get(f"/customers/{company.number}")).status == 200
    page = await staff.post(f"/staff/{key}/branch", {"organisation": str(north), "version": "old"})
    assert "Please decide anew." in page.main


async def test_the_last_one_with_all_privileges_cannot_be_limited(staff: Person) -> None:
    north = await create_organisation("North")
    key = await DB.fetch_value("SELECT id FROM staff_members")
    page = await staff.get(f"/staff/{key}")
    page = await staff.fill(page, {"organisation": str(north)}, form="organisation")
    assert "There must always be an active staff member with all privileges." in page.main
    assert await DB.fetch_value("SELECT organisation FROM staff_members") is None


async def test_nobody_lets_others_see_more_than_they_see(staff: Person) -> None:
    north, south = await create_organisation("North"), await create_organisation("South")
    person = await limited(north)
    unlimited = await DB.fetch_value("SELECT id FROM staff_members WHERE organisation IS NULL")
    assert (await person.get(f"/staff/{unlimited}")).status == 404
    own = await DB.fetch_value("SELECT id FROM staff_members WHERE organisation IS NOT NULL")
    page = await person.get(f"/staff/{own}")
    for wanted in ("", str(south)):
        version = " ".join(("True", str(north), *sorted(ALL)))
        page = await person.post(f"/staff/{own}/branch", {"organisation": wanted, "version": version})
        assert "You cannot let others see more than you see yourself." in page.main
    assert await DB.fetch_value("SELECT organisation FROM staff_members WHERE id = $1", own) == north
    fields = {
        "first_name": "Anna",
        "last_name": "Ahorn",
        "email": "anna@example.com",
        "login": "anna",
        "preferred_language": "en",
        "privileges": ["orders"],
    }
    page = await send(person, "/staff/new", fields)
    assert page.status == 200, page.errors
    assert await DB.fetch_value("SELECT count(*) FROM staff_members WHERE organisation = $1", north) == 2


def test_every_address_that_names_a_customer_or_what_is_theirs_is_looked_at() -> None:
    patron()
    from app.routes import back_office_routes

    named = {
        (path.strip("/").partition("/")[0], part.strip("{}").partition(":")[0])
        for handler in back_office_routes()
        for path in handler.paths
        for part in path.split("/")
        if part.startswith("{")
    }
    of_customers = {
        one for one in named if one[0] in ("customers", "users", "orders", "contracts", "organisations")
    }
    # A customer's number has been looked at where these follow it.
    follow = {
        ("customers", "segment"),
        ("customers", "merge_id"),
        ("customers", "user"),
        ("customers", "staff_member"),
        ("orders", "to_state"),
    }
    assert of_customers - follow <= set(LOOKS)
