"""The demo data (architecture.md, Demo data)."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.customers.addresses import AddressBook, addresses_of
from app.customers.countries import address_problems
from app.demo.categories import CATEGORIES
from app.demo.company_life import COLLEAGUES
from app.demo.load import (
    ADMINISTRATOR,
    APPROVER,
    BUYER,
    CLERK,
    CONTRACT_BUYER,
    DEMO_LOGINS,
    FIXED_LOGINS,
    PASSWORD,
    PENDING_OWNER,
    SHOPPER,
    STAFF,
    DemoDataRefused,
    load_demo_data,
)
from app.demo.marketing import HIDDEN_FROM_CONSUMERS
from app.demo.northwind import companies
from app.demo.people import PEOPLE
from app.settings import settings
from app.sign_in.passwords import password_matches
from tables import Category, Company, Customer, Membership, Order, Product, StaffMember, User
from tables.engine import DB
from tests.browser_like import mails, patron, visit
from tests.patron_process import production

pytestmark = pytest.mark.usefixtures("database")

STATIC = Path(__file__).parent.parent / "static"


@pytest.fixture(autouse=True)
def known_addresses() -> None:
    """Mails hold links, which are made from the routes."""
    patron()


async def everything() -> dict[str, list[dict[str, object]]]:
    """All rows of all tables."""
    tables = await DB.fetch("SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'")
    return {
        one["name"]: await DB.fetch(f'SELECT * FROM "{one["name"]}" t ORDER BY t::text') for one in tables
    }


async def test_it_brings_categories_companies_people_and_staff() -> None:
    await load_demo_data()
    assert await Category.count() == 8
    assert await Customer.count().where(Customer.customer_type == "SMB") == 91 + 1
    assert await Customer.count().where(Customer.customer_type == "INDIVIDUAL") == 12
    assert await User.count() == 91 + 1 + 1 + len(COLLEAGUES) + 12 + 1
    assert await StaffMember.count() == 1
    assert not await User.exists().where(User.email_verified_at.is_null())
    assert await Customer.count().where(Customer.approval_status == "pending") == 1


async def test_a_second_run_changes_nothing() -> None:
    await load_demo_data()
    before = await everything()
    assert (await load_demo_data())[0] == "The demo data are loaded already."
    assert await everything() == before


async def test_two_runs_at_once_load_once() -> None:
    told = await asyncio.gather(*(load_demo_data() for _ in range(3)))
    begin = "Demo data: 8 categories, 77 products, 91 companies"
    assert sorted(lines[0].startswith(begin) for lines in told) == [False, False, True]
    assert await Customer.count() == 91 + 12 + 1
    assert await Product.count() == 77
    assert await Order.count() == 830


async def test_what_is_missing_is_added_and_what_was_changed_stays() -> None:
    await load_demo_data()
    await DB.execute("DELETE FROM orders o USING customers c WHERE c.id = o.customer AND c.number = 'VINET'")
    await DB.execute("DELETE FROM customers WHERE number = 'VINET'")
    await DB.execute("DELETE FROM users WHERE email = 'paul.henriot@vinet.example'")
    await DB.execute("UPDATE companies SET company_name = 'Renamed' WHERE company_name = 'Wolski Zajazd'")
    await DB.execute("DELETE FROM products WHERE sku = 'NW-034'")
    await DB.execute("UPDATE products SET stock = 1000 WHERE sku = 'NW-035'")
    await DB.execute(
        "UPDATE price_entries e SET amount = 1 FROM products p WHERE p.id = e.product AND p.sku = 'NW-035'"
        " AND e.price_list = 'AllConsumersPriceList'"
    )
    await DB.execute("DELETE FROM targets WHERE segment = 'SILVER'")
    await DB.execute("DELETE FROM segments WHERE id = 'SILVER'")
    assert (await load_demo_data())[0] == (
        "Demo data: 0 categories, 1 products, 1 companies, 0 individual customers, 5 orders, 1 others added."
    )
    prices = await DB.fetch(
        "SELECT e.price_list, e.amount, p.stock FROM price_entries e JOIN products p ON p.id = e.product"
        " WHERE p.sku = ANY($1::text[]) AND e.price_list = ANY($2::text[]) ORDER BY p.sku, e.price_list, e.quantity_from",
        ["NW-034", "NW-035"],
        ["AllConsumersPriceList", "QuickStopPriceList"],
    )
    assert [tuple(row.values()) for row in prices] == [
        ("AllConsumersPriceList", 1400, 111),
        ("QuickStopPriceList", 1150, 111),
        ("QuickStopPriceList", 1090, 111),
        ("AllConsumersPriceList", 1, 1000),
    ]
    assert await Company.exists().where(Company.company_name == "Renamed")
    assert await Customer.exists().where(Customer.number == "VINET")


async def test_if_empty_adds_nothing_where_there_are_customers() -> None:
    await DB.execute(
        "INSERT INTO customers (id, number, customer_type, application, search_name, created_at)"
        " VALUES (gen_random_uuid(), '1', 'INDIVIDUAL', 'shop', 'Somebody', now())"
    )
    assert await load_demo_data(if_empty=True) == list(DEMO_LOGINS)
    assert await Customer.count() == 1


@pytest.fixture
def in_production(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in production().items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("in_production")
async def test_production_refuses_demo_data_unless_they_are_meant() -> None:
    with pytest.raises(DemoDataRefused, match="PATRON_ENV=development"):
        await load_demo_data()
    assert await Customer.count() == 0


async def test_fixed_logins_have_the_password_and_the_other_contacts_none() -> None:
    await load_demo_data()
    with_password = await User.objects().where(User.password_hash.is_not_null())
    assert {one.login for one in with_password} == set(FIXED_LOGINS)
    assert await password_matches(with_password[0].password_hash, PASSWORD)
    assert len({one.password_hash for one in with_password}) == 1


@pytest.mark.parametrize(
    ("application", "login"),
    [("shop", SHOPPER), ("business", ADMINISTRATOR), ("business", BUYER), ("business", CONTRACT_BUYER)],
)
async def test_customers_sign_in_with_their_demo_login(application: str, login: str) -> None:
    await load_demo_data()
    person = await visit(application)
    page = await person.sign_in(login, PASSWORD)
    assert page.status == 200
    assert "Sign out" in page.text or "Abmelden" in page.text


async def test_the_banner_changes_when_a_shopper_becomes_a_recurring_customer() -> None:
    await load_demo_data()
    person = await visit("shop", language="en")
    await person.sign_in(SHOPPER, PASSWORD)
    assert "Welcome to the table" in (await person.get("/")).main
    await DB.execute(
        "UPDATE customers c SET first_order_at = now() FROM memberships m, users u"
        ' WHERE m.customer = c.id AND u.id = m."user" AND u.email = $1',
        SHOPPER,
    )
    assert "Welcome to the table" in (await person.get("/")).main
    later = await visit("shop")
    await later.sign_in(SHOPPER, PASSWORD)
    assert "Good to see you again" in (await later.get("/")).main


async def test_the_pending_owner_is_told_to_wait() -> None:
    await load_demo_data()
    page = await (await visit("business")).sign_in(PENDING_OWNER, PASSWORD)
    assert page.status == 403
    assert "approv" in page.main


async def test_the_staff_member_signs_in_to_the_back_office() -> None:
    await load_demo_data()
    page = await (await visit("back-office")).sign_in(STAFF, PASSWORD)
    assert page.h1 == "Work list"
    assert "1 customer waits for approval" in page.main


async def test_companies_have_contact_address_and_number_of_the_sample_data() -> None:
    await load_demo_data()
    customer = await Customer.objects().get(Customer.number == "ALFKI")
    assert customer is not None
    (address,) = await addresses_of(AddressBook(customer_id=customer.id))
    assert address.is_preferred_billing
    assert address.is_preferred_shipping
    assert {"Alfreds Futterkiste", "Maria Anders", "Obere Str. 57", "12209 Berlin"} < set(address.lines)
    administrator = await User.objects().get(User.login == ADMINISTRATOR)
    assert administrator is not None
    membership = await Membership.objects().get(
        (Membership.user == administrator.id) & (Membership.customer == customer.id)
    )
    assert membership is not None
    assert membership.roles == ["account_administrator"]
    assert membership.position == "Sales Representative"


async def test_the_shop_shows_the_categories_in_the_language_of_the_visitor() -> None:
    before = await visit("shop")
    await before.get("/")
    await load_demo_data()
    page = await (await visit("shop", language="de")).get("/")
    for slug, _name, _description, german_name, german_description in CATEGORIES:
        is_seen = slug != HIDDEN_FROM_CONSUMERS
        assert (german_name in page.main) is is_seen
        assert (german_description in page.main) is is_seen


def test_every_category_has_its_picture() -> None:
    for slug, *_texts in CATEGORIES:
        assert (STATIC / "pictures" / "categories" / f"{slug}.svg").is_file()


def test_addresses_with_commas_are_read_whole() -> None:
    found = {one.number: one for one in companies()}
    assert len(found) == 91
    assert found["BLONP"].street == "24, place Kléber"
    assert found["SUPRD"].street == "Boulevard Tirou, 255"
    assert found["ALFKI"].region == ""
    assert found["GROSR"].country == "VE"
    assert found["CONSH"].street == "Berkeley Gardens 12 Brewery"


def test_e_mails_are_ascii_and_made_of_first_and_last_name() -> None:
    emails = {one.number: one.email for one in companies()}
    assert emails["ALFKI"] == "maria.anders@alfki.example"
    assert emails["BOLID"] == "martin.sommer@bolid.example"
    assert emails["GODOS"] == "jose.freyre@godos.example"
    assert emails["WANDK"] == "rita.muller@wandk.example"
    assert emails["PRINI"] == "isabel.castro@prini.example"
    assert all(one.isascii() for one in emails.values())
    assert len(set(emails.values())) == 91
    assert next(one for one in companies() if one.number == "PRINI").last_name == "de Castro"


def test_individual_customers_live_where_mail_arrives() -> None:
    assert len(PEOPLE) == 12
    for person in PEOPLE:
        fields = ("street", "postal_code", "city", "region", "country")
        assert not list(address_problems({name: getattr(person, name) for name in fields})), person.email


async def test_a_stranger_sees_how_a_company_runs_itself() -> None:
    await load_demo_data()
    person = await visit("business", language="en")
    await person.sign_in(ADMINISTRATOR, PASSWORD)
    home = await person.get("/account")
    assert "You act for Alfreds Futterkiste – switch" in home.text
    users = await person.get("/account/users")
    for name in ("Greta Hahn", "Tom Weber", "Lena Vogt", "Paul Buyer", "Maria Anders", "Warehouse"):
        assert name in users.main, name
    assert "Warehouse" in (await person.get("/account/roles")).main
    assert "Nina Kraft" in (await person.get("/account/users/invitations")).main
    assert "Tom Weber" in (await person.get("/account/requisitions")).main
    assert "Weekly kitchen order" in (await person.get("/account/templates")).main
    assert "Gifts for customers" not in (await person.get("/account/templates")).main
    assert "annual agreement" in (await person.get("/account/contracts")).main
    (contract,) = await DB.fetch("SELECT id FROM contracts WHERE number = 'ALFKI-1'")
    page = await person.get(f"/account/contracts/{contract['id']}")
    assert "€5,000.00" in page.main
    page = await person.post("/switch-customer", {"customer": "BLAUS"})
    assert "You now act for Blauer See Delikatessen." in page.text


async def test_the_approver_approves_what_the_clerk_has_asked_for_from_the_mail() -> None:
    await load_demo_data()
    (mail,) = await mails("requisition_asked", to=APPROVER)
    person = await visit("business", language="en")
    page = await person.get(mail.link)
    page = await person.fill(page, {"login": APPROVER, "password": PASSWORD})
    assert "For the company's anniversary on Friday." in page.main
    assert "Something has changed" not in page.main
    page = await person.fill(page, {"remark": "Enjoy!"}, form="review")
    assert "The requisition is approved" in page.text
    clerk = await visit("business", language="en")
    await clerk.sign_in(CLERK, PASSWORD)
    assert "Enjoy!" in (await clerk.get(mail.link)).main


async def test_what_a_visitor_did_with_the_company_stays_and_is_not_undone() -> None:
    await load_demo_data()
    await DB.execute("UPDATE requisitions SET state = 'withdrawn'")
    await DB.execute("UPDATE memberships SET order_limit = NULL, budget_amount = NULL, budget_period = ''")
    await DB.execute("UPDATE users SET first_name = 'Gerda' WHERE login = $1", APPROVER)
    before = await everything()
    assert (await load_demo_data())[0] == "The demo data are loaded already."
    assert await everything() == before
    await DB.execute(
        "UPDATE memberships m SET roles = '{viewer}' FROM users u WHERE u.id = m.\"user\" AND u.login = $1",
        ADMINISTRATOR,
    )
    await DB.execute("DELETE FROM order_templates")
    assert (await load_demo_data())[0] == "The demo data are loaded already."
