"""A user who is a member of several customers switches between them (domain.md 10)."""

import uuid

import pytest

from app.segments.custom import create_segment
from app.segments.members import assign
from tables import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import Person, visit
from tests.checkout.ordering import add, open_shop
from tests.customers.belonging import member_too
from tests.own_applications import OwnApplications
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


async def order_of(company: Known, number: str, user_id: uuid.UUID) -> None:
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, buyer_name, currency,
                            is_net, net_total, tax_total, gross_total, placed_at, version)
        VALUES (gen_random_uuid(), $3, 'business', $1, $2, 'x', 'x', 'Buyer', 'EUR', true, 1000, 0, 1000, now(), 1)
        """,
        company.customer_id,
        user_id,
        number,
    )


async def acts_for(person: Person) -> str:
    page = await person.get("/account")
    return "Quick" if "You act for QUICK-Stop" in page.text else "Alfreds"


async def two_companies() -> tuple[Known, Known, Person]:
    known = await people.company()
    quick = await people.company("horst@quick.example", company_name="QUICK-Stop")
    person = await known.signed_in()
    await member_too(known, quick)
    return known, quick, person


async def test_who_is_member_of_one_company_sees_no_switch() -> None:
    person = await (await people.company()).signed_in()
    assert not [one for one in (await person.get("/")).links if one.endswith("/switch-customer")]


async def test_a_member_of_two_companies_switches_from_the_header_and_acts_for_the_other_at_once() -> None:
    _known, quick, person = await two_companies()
    home = await person.get("/")
    assert [one for one in home.links if one.endswith("/switch-customer")]
    page = await person.get("/switch-customer")
    assert "QUICK-Stop" in page.main
    assert "You act for this company" in page.main
    answer = await person.post("/switch-customer", {"customer": quick.number})
    assert "You now act for QUICK-Stop." in answer.text
    assert await acts_for(person) == "Quick"


async def test_basket_orders_addresses_and_permissions_follow() -> None:
    known, quick, person = await two_companies()
    await DB.execute(
        "INSERT INTO addresses (id, customer, street, city, country, created_at)"
        " VALUES ($1, $2, 'Taucherstraße 10', 'Cunewalde', 'DE', now())",
        uuid.uuid4(),
        quick.customer_id,
    )
    assert "Taucherstraße" not in (await person.get("/account/addresses")).text
    assert (await person.get("/account/company")).form("company_name") is not None
    await person.post("/switch-customer", {"customer": quick.number})
    assert "Taucherstraße" in (await person.get("/account/addresses")).text
    # An administrator there, a buyer here: the company's data can be read and not changed.
    refused = await person.post("/account/company", {"company_name": "Taken over", "version": "1"})
    assert refused.status == 403
    await person.post("/switch-customer", {"customer": known.number})
    assert await acts_for(person) == "Alfreds"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("UPDATE memberships SET is_active = false WHERE customer = $1", "the membership is disabled"),
        ("UPDATE customers SET is_active = false WHERE id = $1", "the customer is disabled"),
        ("UPDATE customers SET approval_status = 'pending' WHERE id = $1", "it awaits approval"),
        ("UPDATE customers SET approval_status = 'rejected' WHERE id = $1", "it was rejected"),
        ("UPDATE customers SET customer_type = 'INDIVIDUAL' WHERE id = $1", "its type is not admitted here"),
    ],
)
async def test_nobody_switches_to_a_customer_with_which_they_could_not_sign_in(change: str, why: str) -> None:
    _known, quick, person = await two_companies()
    await DB.execute(change, quick.customer_id)
    answer = await person.post("/switch-customer", {"customer": quick.number})
    assert answer.status == 422, why
    assert await acts_for(person) == "Alfreds"


async def test_a_foreign_company_and_a_missing_one_are_refused_alike() -> None:
    _known, _quick, person = await two_companies()
    stranger = await people.company("boss@stranger.example", company_name="Stranger Ltd")
    foreign = await person.post("/switch-customer", {"customer": stranger.number})
    missing = await person.post("/switch-customer", {"customer": "NO-SUCH"})
    assert foreign.status == missing.status == 422
    assert foreign.main == missing.main
    assert "Stranger" not in foreign.text


async def test_a_company_that_awaits_approval_is_shown_but_not_to_be_chosen() -> None:
    known = await people.company()
    pending = await people.company(
        "horst@quick.example", company_name="QUICK-Stop", approval_status=ApprovalStatus.PENDING
    )
    person = await known.signed_in()
    await member_too(known, pending)
    page = await person.get("/switch-customer")
    assert "Awaits approval" in page.main
    assert "Act for QUICK-Stop" not in page.main


async def test_switching_ends_looking_as_a_role() -> None:
    _known, quick, person = await two_companies()
    await DB.execute("UPDATE sessions SET view_as_role = 'viewer'")
    await person.post("/switch-customer", {"customer": quick.number})
    assert await DB.fetch_value("SELECT view_as_role FROM sessions") == ""


async def test_a_link_of_a_mail_into_another_company_offers_to_switch_and_goes_on_there() -> None:
    known, quick, person = await two_companies()
    path = f"/switch-customer?customer={quick.number}&next=/business/account/users"
    page = await person.get(path)
    assert page.h1 == "This belongs to QUICK-Stop"
    assert "You act for Alfreds Futterkiste at the moment." in page.main
    # Opening the link has changed nothing.
    assert await acts_for(person) == "Alfreds"
    await DB.execute(
        "UPDATE memberships SET roles = '{account_administrator}' WHERE customer = $1", quick.customer_id
    )
    page = await person.fill(await person.get(path), {})
    assert page.path == "/business/account/users"
    assert "You now act for QUICK-Stop." in page.text
    # Whoever acts for it already goes straight on.
    assert (await person.get(path)).path == "/business/account/users"
    assert known.number != quick.number


async def test_a_link_into_a_company_is_missing_for_people_who_are_not_its_members() -> None:
    _known, quick, person = await two_companies()
    stranger = await (await people.company("x@plain.example", company_name="Plain")).signed_in()
    foreign = await stranger.get(f"/switch-customer?customer={quick.number}")
    missing = await stranger.get("/switch-customer?customer=NO-SUCH")
    assert foreign.status == missing.status == 404
    assert foreign.h1 == missing.h1
    assert "QUICK" not in foreign.text.replace(quick.number, "")
    await DB.execute("UPDATE memberships SET is_active = false WHERE customer = $1", quick.customer_id)
    assert (await person.get(f"/switch-customer?customer={quick.number}")).status == 404
    visitor = await visit("business")
    page = await visitor.get(f"/switch-customer?customer={quick.number}")
    assert page.path.startswith("/business/sign-in?next=")


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/back-office/", "/business/../x"]
)
async def test_a_switch_goes_on_within_the_shop_only(wanted: str) -> None:
    _known, quick, person = await two_companies()
    await person.get("/")
    page = await person.post("/switch-customer", {"customer": quick.number, "next": wanted})
    assert page.path == "/business/account"


async def test_the_link_to_an_order_of_another_company_offers_to_switch_to_who_may_see_it_there() -> None:
    known, quick, person = await two_companies()
    await order_of(quick, "Q1", quick.user_id)
    await order_of(quick, "Q2", known.user_id)
    # A buyer there sees what they have ordered themself, and nothing of what colleagues have.
    assert (await person.get("/account/orders/Q1")).status == 404
    page = await person.get("/account/orders/Q2")
    assert page.h1 == "This belongs to QUICK-Stop"
    page = await person.fill(page, {})
    assert (page.path, page.status) == ("/business/account/orders/Q2", 200)
    stranger = await (await people.company("x@plain.example", company_name="Plain")).signed_in()
    assert (await stranger.get("/account/orders/Q2")).status == 404


@pytest.fixture
def mixed_shop(own_applications: OwnApplications) -> None:
    """The business shop admits shoppers as well."""
    own_applications.replace('kind = "business"', 'kind = "business"\nlogin = ["SMB", "INDIVIDUAL"]')


async def test_in_a_mixed_shop_a_shopper_switches_to_their_company_and_back(mixed_shop: None) -> None:
    shopper, company = await people.shopper(), await people.company()
    await member_too(shopper, company)
    person = await shopper.signed_in("business")
    for number, name in ((company.number, "Alfreds Futterkiste"), (shopper.number, "Maria Anders")):
        page = await person.post("/switch-customer", {"customer": number})
        assert f"You now act for {name}." in page.text


async def test_basket_prices_and_orders_are_those_of_the_company_at_once() -> None:
    known, quick, person = await two_companies()
    shop = await open_shop()
    await create_segment("QUICK", "Quick")
    await assign("QUICK", [quick.customer_id])
    await shop.price_list("quick", "QUICK", [("TEA", 1, 700)])
    await order_of(known, "A1", known.user_id)
    await order_of(quick, "Q1", known.user_id)
    await person.get("/")
    await add(person, "TEA", 3)
    for number, price, own, foreign in (
        (quick.number, "€7.00", "Q1", "A1"),
        (known.number, "€10.00", "A1", "Q1"),
    ):
        await person.post("/switch-customer", {"customer": number})
        assert price in (await person.get("/products/TEA")).main
        orders = (await person.get("/account/orders")).main
        assert own in orders
        assert foreign not in orders
        basket = (await person.get("/basket")).main
        assert ("Tea" in basket) == (number == known.number)


async def test_a_form_that_was_opened_for_the_company_before_is_refused_in_another_tab() -> None:
    _known, quick, person = await two_companies()
    await DB.execute(
        "UPDATE memberships SET roles = '{account_administrator}' WHERE customer = $1", quick.customer_id
    )
    forms = {path: await person.get(path) for path in ("/account/company", "/account/users/invite")}
    await person.get("/switch-customer")
    await person.post("/switch-customer", {"customer": quick.number})
    page = await person.fill(forms["/account/company"], {"company_name": "Alfreds again"})
    assert page.status == 403
    assert "was opened for another company" in page.main
    page = await person.fill(forms["/account/users/invite"], {"email": "x@x.example", "roles": "buyer"})
    assert page.status == 403
    assert await DB.fetch_value("SELECT count(*) FROM companies WHERE company_name = 'Alfreds again'") == 0
    assert await DB.fetch_value("SELECT count(*) FROM invitations") == 0
    # A page that is opened now is sent as always.
    page = await person.fill(await person.get("/account/company"), {"company_name": "QUICK again"})
    assert "The company's details are saved." in page.text
    assert await DB.fetch_value(
        "SELECT company_name FROM companies WHERE customer = $1", quick.customer_id
    ) == ("QUICK again")
