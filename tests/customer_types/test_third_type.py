"""A third customer type is one folder outside the base, and gets everything (domain.md 2, architecture.md).

All promises are kept in both ways of mounting it: a folder on the path of `app.customer_types`, and an
installed package with an entry point.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.applications import application_by_id
from app.customers.extensions import company_of, details_of, group_of, individual_of
from app.customers.types import CustomerTypeError, all_customer_types
from app.segments.implicit import implicit_segments
from tables import Customer, Membership
from tests import people
from tests.browser_like import Person, forget_patron, mails, visit
from tests.installed_packages import installed, mounted
from tests.registration.filling_in import PERSON

FOLDER = Path(__file__).parent / "association"
ASSOCIATION = {**PERSON, "register_number": "VR 12345"}


@pytest.fixture(params=["folder", "package"])
def association(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """The third type, mounted in one of the two ways."""
    point = "[patron.customer_types]\nassociation = patron_association:customer_type\n"
    with (
        mounted(FOLDER, tmp_path)
        if request.param == "folder"
        else installed(FOLDER, tmp_path, point, name="patron_association")
    ):
        forget_patron()
        yield
    forget_patron()


@pytest.fixture
async def member(association: None, database: str) -> Person:
    """Somebody who has registered an association, verified the e-mail and signed in."""
    person = await visit("business")
    page = await person.fill(await person.get("/register/association"), ASSOCIATION)
    assert page.h1 == "Look into your mailbox"
    [mail] = await mails(kind="verify_email")
    await person.fill(await person.get(mail.link), {}, form="token")
    page = await person.sign_in(PERSON["email"], PERSON["password"])
    assert page.path == "/business/account"
    return person


async def test_it_is_found_and_admitted_by_the_application_type_that_it_names(association, database):
    assert set(all_customer_types()) == {"ASSOCIATION", "INDIVIDUAL", "SMB"}
    business, shop = application_by_id("business"), application_by_id("shop")
    assert business is not None
    assert shop is not None
    assert business.admits("ASSOCIATION")
    assert not shop.admits("ASSOCIATION")


async def test_it_is_offered_for_registration_where_it_is_admitted(association, database):
    page = await (await visit("business")).get("/register")
    assert "Register your association" in page.main
    assert "Register your company" in page.main
    assert (await (await visit("shop")).get("/register/association")).status == 404


async def test_its_own_field_is_asked_checked_and_kept(association, database):
    person = await visit("business")
    page = await person.fill(
        await person.get("/register/association"), {**ASSOCIATION, "register_number": ""}
    )
    assert set(page.errors) == {"register_number"}
    await person.fill(page, ASSOCIATION)
    customer = await Customer.objects().first()
    assert customer.customer_type == "ASSOCIATION"
    assert (await details_of(customer))["register_number"] == "VR 12345"
    assert (await Membership.objects().first()).roles == ["account_administrator"]


async def test_the_registration_of_another_type_does_not_ask_its_field(association, database):
    page = await (await visit("business")).get("/register/smb")
    assert page.tree.find(".//*[@name='register_number']") is None
    assert page.tree.find(".//*[@name='company_name']") is not None


async def test_it_applies_the_extensions_that_it_names_and_no_others(member):
    customer = await Customer.objects().first()
    users = await group_of(customer)
    assert users is not None
    assert len(users) == 1
    assert await company_of(customer) is None
    assert await individual_of(customer) is None


async def test_its_own_page_is_there_for_its_members(member):
    page = await member.get("/account/register-number")
    assert (page.status, page.h1) == (200, "Register number")
    assert "VR 12345" in page.main


async def test_who_registers_it_looks_after_its_users(member):
    assert (await member.get("/account/users")).h1 == "Users"
    assert (await member.get("/account/users/invite")).status == 200


async def test_its_own_page_does_not_exist_where_it_is_not_admitted(association, database):
    shopper = await (await people.shopper()).signed_in()
    assert (await shopper.get("/account/register-number")).status == 404


async def test_its_templates_are_shown_to_its_members_and_to_nobody_else(member):
    page = await member.get("/account")
    assert "For associations" in page.text
    assert "For business customers" not in page.text
    assert "/business/account/register-number" in page.links
    company = await (await people.company()).signed_in()
    page = await company.get("/account")
    assert "For associations" not in page.text
    assert "/business/account/register-number" not in page.links


async def test_its_translations_are_used(association, database):
    page = await (await visit("business", language="de")).get("/register/association")
    assert page.h1 == "Verein anmelden"
    assert "Registernummer" in page.main


async def test_the_gate_lets_it_in_only_where_it_is_admitted(member):
    stranger = await visit("shop")
    page = await stranger.sign_in(PERSON["email"], PERSON["password"])
    assert (page.status, page.h1) == (403, "Your account belongs to another site")
    assert "http://localhost:8000/business/sign-in" in page.links


async def test_it_brings_its_implicit_segment(association, database):
    assert "IG_AssociationCustomers" in [one.id for one in implicit_segments()]


def test_without_it_there_are_the_segments_of_the_built_in_types():
    assert [one.id for one in implicit_segments()] == [
        "IG_Everyone",
        "IG_IndividualCustomers",
        "IG_SMBCustomers",
        "IG_NewUsers",
        "IG_RecurringUsers",
        "IG_RegisteredUsers",
        "IG_UnregisteredUsers",
    ]


def test_two_types_of_one_name_are_refused_with_both_in_the_sentence(association, tmp_path):
    with mounted(FOLDER, tmp_path / "twin", name="association_twin"):
        forget_patron()
        with pytest.raises(CustomerTypeError, match="ASSOCIATION already"):
            all_customer_types()
