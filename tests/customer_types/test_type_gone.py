"""Customers whose type is no longer installed: staff see them and read what to do, whatever needs the type is refused
in plain words, and nothing fails (domain.md 2)."""

from importlib import import_module

import pytest

from app.contracts.edit_contract import ContractDetails, create_contract
from app.customers.types import Extension, all_customer_types
from app.personal_data.held_data import own_customers
from app.routes import everywhere, extension_routes, shop_routes
from app.worker import JOBS
from tables import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import send
from tests.back_office.test_branch_of_routes import address, parameters, staff_routes, world
from tests.browser_like import Person, mails, visit
from tests.personal_data.asking import carry_out, confirm_link

pytestmark = pytest.mark.usefixtures("database")

MISSING = "The customer type “GONE” is not installed."


async def type_is_gone() -> None:
    """The package of the type of all companies and individuals is not installed any more."""
    assert "GONE" not in all_customer_types()
    await DB.execute("UPDATE customers SET customer_type = 'GONE'")


async def a_staff_member() -> Person:
    return await (await people.staff_member("office@example.com")).signed_in()


async def test_staff_see_the_customer_and_read_that_its_type_is_missing_and_what_to_do() -> None:
    company = await people.company()
    await DB.execute("UPDATE companies SET taxation_id = 'DE999999999'")
    await type_is_gone()
    person = await a_staff_member()
    for tab in (
        "",
        "/users",
        "/addresses",
        "/orders",
        "/segments",
        "/price-lists",
        "/catalog-views",
        "/history",
    ):
        page = await person.get(f"/customers/{company.number}{tab}")
        assert (page.status, page.h1) == (200, "Alfreds Futterkiste"), tab
        assert MISSING in page.main, tab
        assert "Install its package again" in page.main, tab
    page = await person.get(f"/customers/{company.number}")
    assert "maria@alfki.example" in page.main
    assert "DE999999999" in page.main
    assert "Merge with another customer" not in page.main
    assert "Disable customer" in page.main


async def test_no_address_of_the_back_office_fails_for_such_customers() -> None:
    made = await world()
    await DB.execute("UPDATE customers SET customer_type = 'GONE' WHERE id = $1", made.company.customer_id)
    # Mails of orders go to where they can.
    await DB.execute("UPDATE orders SET email = 'own@alfki.example'")
    person = await a_staff_member()
    # What takes the customer away comes last.
    routes = sorted(staff_routes(), key=lambda one: (one[0] == "POST", "delete" in one[1], one[1]))
    refused = 0
    for method, path, first in routes:
        place = address(path, {one: made.own[first, one] for one in parameters(path)})
        if method == "GET":
            page = await person.get(place)
        else:
            await person.get("/")
            page = await person.post(place, {"version": "1"})
        assert page.status < 500, (method, path)
        refused += page.status == 409 and MISSING in page.main
    assert refused >= 5


async def test_lists_and_the_search_find_them_and_say_so() -> None:
    company = await people.company()
    await type_is_gone()
    person = await a_staff_member()
    page = await person.get("/customers?q=Alfreds")
    assert company.number in page.main
    assert "GONE (not installed)" in page.main
    # The check names the type; its customers are looked for by it.
    await people.company("other@alfki.example", company_name="Other")
    page = await person.get("/customers?type=GONE")
    assert "Alfreds" in page.main
    assert "Other" not in page.main
    assert page.typed("type") == "GONE"


@pytest.mark.parametrize(
    "path",
    ["approve", "reject", "merge", "account-managers", "organisation", "enable", "users/{user}/enable"],
)
async def test_what_needs_the_type_is_refused_in_plain_words(path: str) -> None:
    company = await people.pending_company(customer_is_active=False)
    await type_is_gone()
    person = await a_staff_member()
    await person.get("/")
    place = f"/customers/{company.number}/{path.format(user=company.user_id)}"
    page = await person.post(place, {"version": "1"})
    assert page.status == 409
    assert MISSING in page.main
    assert "Install its package again" in page.main
    found = await DB.fetch_row("SELECT approval_status, is_active FROM customers")
    assert found == {"approval_status": "pending", "is_active": False}


async def test_they_can_be_disabled_and_nobody_gets_a_password_mail() -> None:
    company = await people.company()
    await type_is_gone()
    person = await a_staff_member()
    await person.get(f"/customers/{company.number}")
    page = await person.post(f"/customers/{company.number}/password-mail", {"user": str(company.user_id)})
    assert page.status == 409
    assert MISSING in page.main
    assert await mails(to=company.email) == []
    page = await person.post(f"/customers/{company.number}/disable", {"version": "1"})
    assert "The customer is disabled." in page.main


async def test_of_many_that_are_approved_at_once_they_are_left_alone() -> None:
    gone = await people.pending_company("gone@pending.example")
    await type_is_gone()
    other = await people.pending_company("other@pending.example", company_name="Other")
    person = await a_staff_member()
    await person.get("/customers?approval=pending")
    page = await person.post("/customers/approve", {"number": [gone.number, other.number]})
    assert "1 customer is approved" in page.text
    assert MISSING in page.text
    rows = await DB.fetch("SELECT number, approval_status FROM customers")
    assert {row["number"]: row["approval_status"] for row in rows} == {
        gone.number: "pending",
        other.number: "approved",
    }


async def test_nobody_is_merged_with_or_moved_to_or_from_them() -> None:
    gone = await people.company()
    await type_is_gone()
    other = await people.company("other@plain.example", company_name="Plain")
    person = await a_staff_member()
    page = await person.get(f"/customers/{other.number}/merge?other={gone.number}")
    assert (page.status, MISSING in page.main) == (409, True)
    page = await person.get(f"/users/{gone.user_id}/move")
    assert (page.status, MISSING in page.main) == (409, True)
    page = await person.get(f"/users/{other.user_id}/move")
    membership = {"membership": str(other.membership_id), "version": "1", "roles": ["buyer"]}
    page = await person.post(
        f"/users/{other.user_id}/move", {"customer": gone.number, "last_user": "keep", **membership}
    )
    assert (page.status, MISSING in page.main) == (409, True)
    assert await DB.fetch_value("SELECT customer FROM memberships WHERE id = $1", other.membership_id) == (
        other.customer_id
    )


async def test_the_gate_says_why_they_cannot_sign_in() -> None:
    company = await people.company()
    await type_is_gone()
    person = await visit("business")
    page = await person.sign_in(company.login, company.password)
    assert (page.status, page.h1) == (403, "Your account cannot be used at the moment")
    assert "another site" not in page.main
    assert "GONE" not in page.main
    assert person.cookie("session") is None


async def test_who_is_signed_in_meanwhile_is_refused_and_no_page_fails() -> None:
    person = await (await people.company()).signed_in()
    await type_is_gone()
    page = await person.get("/account")
    assert (page.status, page.h1) == (403, "Your account cannot be used at the moment")
    looked_at = set()
    of_types = [one for extension in Extension for one in extension_routes(extension)]
    for handler in [*everywhere(), *shop_routes(), *of_types]:
        for path in getattr(handler, "paths", ()):
            if "GET" in handler.http_methods and "{" not in path and hasattr(handler, "resolve_guards"):
                assert (await person.client.get(person.address(path))).status_code < 500, path
                looked_at.add(path)
    assert len(looked_at) > 60


async def test_a_rejected_applicant_cannot_correct_the_application_and_reads_why() -> None:
    company = await people.pending_company()
    person = await a_staff_member()
    page = await person.get(f"/customers/{company.number}")
    await person.fill(page, {"comment": "No."}, form="comment")
    [mail] = await mails(to=company.email)
    link = next(one for one in mail.links if "correct" in one)
    await type_is_gone()
    applicant = await visit("business")
    page = await applicant.get(link)
    assert page.status == 409
    assert "Your account cannot be used at the moment" in page.main
    assert await DB.fetch_value("SELECT approval_status FROM customers") == ApprovalStatus.REJECTED.value


async def test_segments_are_derived_without_the_one_of_the_type() -> None:
    company = await people.company()
    await type_is_gone()
    person = await a_staff_member()
    page = await send(person, "/segments/new", {"id": "GOLD", "name": "Gold"})
    assert page.status == 200
    page = await send(person, "/segments/GOLD/customers", {"numbers": company.number})
    assert "1 customer is put into it." in page.main
    page = await person.get(f"/customers/{company.number}/segments")
    assert "GOLD" in page.main
    assert "IG_SMBCustomers" not in page.main


async def test_a_persons_copy_holds_what_is_theirs_and_not_what_they_share() -> None:
    shopper, company = await people.shopper(), await people.company()
    await people.colleague(company, "colleague@alfki.example")
    alone = await people.company("alone@plain.example", company_name="Plain")
    await type_is_gone()
    assert await own_customers(shopper.user_id) == [shopper.customer_id]
    assert await own_customers(company.user_id) == []
    # Of a company nothing is one person's own, even of one with a single user.
    assert await own_customers(alone.user_id) == []
    person = await a_staff_member()
    await send(person, "/personal-data-requests/new", {"person": shopper.email, "kind": "export"})
    await confirm_link()
    assert (await carry_out(person)).status == 200


async def test_the_data_of_a_person_is_deleted_and_what_is_shared_stays() -> None:
    shopper, company = await people.shopper(), await people.company()
    colleague = await people.colleague(company, "colleague@alfki.example")
    await type_is_gone()
    person = await a_staff_member()
    for known in (shopper, colleague):
        await send(person, "/personal-data-requests/new", {"person": known.email, "kind": "delete"})
        await confirm_link()
        page = await carry_out(person)
        assert page.status == 200
    rows = await DB.fetch("SELECT customer FROM addresses")
    assert [row["customer"] for row in rows] == [company.customer_id]


async def test_all_jobs_of_the_worker_pass_over_them() -> None:
    company = await people.company()
    await create_contract(
        company.customer_id,
        ContractDetails(
            name="Frame",
            starts_on=await DB.fetch_value("SELECT current_date - 300"),
            ends_on=await DB.fetch_value("SELECT current_date + 10"),
        ),
    )
    await type_is_gone()
    for job in JOBS:
        await getattr(import_module(job.module), job.function)()
