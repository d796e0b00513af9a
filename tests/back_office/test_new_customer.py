"""Creating a customer in the back office."""

import pytest

from tables import Company, Customer, User
from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails, visit

pytestmark = pytest.mark.usefixtures("database")

COMPANY = {
    "first_name": "Nora",
    "last_name": "Owen",
    "email": "nora@larder.example",
    "company_name": "The Corner Larder",
    "preferred_language": "en",
}


async def test_staff_choose_the_type_first(staff: Person) -> None:
    page = await staff.get("/customers/new")
    assert page.h1 == "Create a customer"
    assert "/back-office/customers/new?type=SMB" in page.links
    assert "/back-office/customers/new?type=INDIVIDUAL" in page.links
    assert (await staff.get("/customers/new?type=nonsense")).status == 404


async def test_staff_create_a_company_with_its_first_user(staff: Person) -> None:
    page = await staff.get("/customers/new?type=SMB")
    page = await staff.fill(page, {**COMPANY, "number": "LARDER-1"})
    assert page.path == "/back-office/customers/LARDER-1"
    assert page.h1 == "The Corner Larder"
    customer = await Customer.objects().get(Customer.number == "LARDER-1")
    assert customer is not None
    assert (customer.customer_type, customer.approval_status) == ("SMB", "approved")
    assert await Company.exists().where(Company.customer == customer.id)
    assert await DB.fetch_value("SELECT roles FROM memberships") == ["account_administrator"]


async def test_the_first_user_chooses_a_password_by_mail_and_signs_in(staff: Person) -> None:
    page = await staff.get("/customers/new?type=SMB")
    await staff.fill(page, COMPANY)
    (mail,) = await mails()
    assert (mail.kind, mail.to) == ("choose_password", "nora@larder.example")
    person = await visit("business")
    page = await person.get(mail.link)
    await person.fill(page, {"password": "a large larder of cheese"})
    page = await person.sign_in("nora@larder.example", "a large larder of cheese")
    assert "Sign out" in page.text


async def test_staff_create_an_individual_with_address(staff: Person) -> None:
    page = await staff.get("/customers/new?type=INDIVIDUAL")
    fields = {
        "first_name": "Ines",
        "last_name": "Blum",
        "email": "ines@example.com",
        "address_street": "Lindenstraße 14",
        "address_postal_code": "50674",
        "address_city": "Köln",
        "address_country": "DE",
    }
    page = await staff.fill(page, fields)
    assert page.h1 == "Ines Blum"
    assert "Lindenstraße 14" in page.main
    assert "customer created" in page.main


async def test_login_and_e_mail_may_differ(staff: Person) -> None:
    page = await staff.get("/customers/new?type=SMB")
    await staff.fill(page, {**COMPANY, "login": "nora.owen"})
    user = await User.objects().get(User.email == "nora@larder.example")
    assert user is not None
    assert user.login == "nora.owen"


async def test_all_errors_are_told_at_once_and_what_was_typed_stays(staff: Person) -> None:
    page = await staff.get("/customers/new?type=SMB")
    page = await staff.fill(page, {"email": "nonsense", "number": "a/b", "last_name": "Owen"})
    assert page.status == 422
    assert set(page.errors) >= {"email", "number", "first_name", "company_name"}
    assert 'value="Owen"' in page.html
    assert await Customer.count() == 0


@pytest.mark.parametrize("number", ["new", "approve", "a b", "../x", "ä", "x" * 41])
async def test_numbers_that_would_not_do_in_an_address_are_refused(staff: Person, number: str) -> None:
    page = await staff.get("/customers/new?type=SMB")
    page = await staff.fill(page, {**COMPANY, "number": number})
    assert "number" in page.errors


async def test_a_taken_number_or_login_is_told(staff: Person) -> None:
    known = await people.company()
    page = await staff.get("/customers/new?type=SMB")
    page = await staff.fill(page, {**COMPANY, "number": known.number})
    assert page.errors == {"number": "Another customer has this number."}
    page = await staff.fill(page, {**COMPANY, "number": "", "email": known.email.upper()})
    assert page.errors == {"email": "Another user has this login."}
    assert await Customer.count() == 1
    assert await mails() == []


async def test_staff_never_set_a_password(staff: Person) -> None:
    page = await staff.get("/customers/new?type=SMB")
    assert "password" not in {one.get("name") for one in page.form().iter("input")}
    await staff.post("/customers/new?type=SMB", {**COMPANY, "password": "chosen by the staff member"})
    user = await User.objects().get(User.email == "nora@larder.example")
    assert user is not None
    assert user.password_hash is None


async def test_another_country_asks_for_its_own_fields(staff: Person) -> None:
    await staff.get("/customers/new?type=SMB")
    page = await staff.post("/customers/new?type=SMB&change_country=1", {**COMPANY, "address_country": "US"})
    assert page.status == 200
    assert page.errors == {}
    assert "ZIP code" in page.main
    assert 'value="Nora"' in page.html
    assert await Customer.count() == 0
