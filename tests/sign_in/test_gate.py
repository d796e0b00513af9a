"""The access gate: who may use which application (domain.md 3)."""

import pytest

from tables import ApprovalStatus
from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.own_applications import OwnApplications

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize(
    ("at", "who", "right"),
    [
        ("shop", "company", "http://localhost:8000/business/sign-in"),
        ("business", "shopper", "http://localhost:8000/sign-in"),
        ("shop", "staff_member", "http://localhost:8000/back-office/sign-in"),
        ("back-office", "shopper", "http://localhost:8000/sign-in"),
        ("back-office", "company", "http://localhost:8000/business/sign-in"),
    ],
)
async def test_the_right_password_at_the_wrong_shop_is_told_with_a_link(
    at: str, who: str, right: str
) -> None:
    known = await getattr(people, who)()
    person = await visit(at)
    page = await person.sign_in(known.login, known.password)
    assert (page.status, page.h1) == (403, "Your account belongs to another site")
    assert right in page.links
    assert person.cookie("session") is None


async def test_a_wrong_password_at_the_wrong_shop_tells_nothing() -> None:
    known = await people.company()
    page = await (await visit("shop")).sign_in(known.login, "not the right password")
    assert page.status == 422
    assert "another site" not in page.text


async def test_who_is_asked_to_ask_us_is_told_where() -> None:
    known = await people.company(customer_is_active=False)
    page = await (await visit("business")).sign_in(known.login, known.password)
    assert page.h1 == "Your account is deactivated"
    [address] = page.tree.xpath("//main//a[normalize-space()='How to reach us']/@href")
    page = await (await visit("business")).get(address)
    assert (page.status, page.h1) == (200, "Imprint")


async def test_a_session_of_one_application_is_none_in_another() -> None:
    maria = await people.company()
    person = await maria.signed_in("business")
    token = person.cookie("session")
    other = await visit("shop")
    other.client.cookies.set("patron-shop-session", token)
    assert (await other.get("/account")).path.startswith("/sign-in")


@pytest.mark.parametrize(
    ("statement", "heading"),
    [
        ("UPDATE users SET is_active = false", "Your account is deactivated"),
        ("UPDATE customers SET is_active = false", "Your account is deactivated"),
        ("UPDATE memberships SET is_active = false", "Your account is deactivated"),
        ("UPDATE customers SET approval_status = 'rejected'", "Your application was not accepted"),
        ("UPDATE customers SET approval_status = 'pending'", "Your account awaits approval"),
        ("UPDATE users SET email_verified_at = NULL", "Verify your e-mail"),
    ],
)
async def test_every_later_request_is_gated_too(statement: str, heading: str) -> None:
    person = await (await people.company()).signed_in()
    assert (await person.get("/account")).status == 200
    await DB.execute(statement)
    page = await person.get("/account")
    assert (page.status, page.h1) == (403, heading)
    page = await person.get("/")
    assert page.status == 200
    assert "Maria" not in page.text


async def test_fragments_are_gated_like_pages() -> None:
    person = await (await people.company()).signed_in()
    await DB.execute("UPDATE customers SET is_active = false")
    page = await person.get("/account", headers={"HX-Request": "true", "HX-Request-Type": "partial"})
    assert page.status == 403


async def test_a_type_taken_off_the_list_is_refused_from_the_next_request(
    own_applications: OwnApplications,
) -> None:
    person = await (await people.company()).signed_in()
    cookie = person.cookie("session")
    own_applications.replace('kind = "business"', 'kind = "business"\nlogin = ["INDIVIDUAL"]')
    later = await visit("business")
    later.client.cookies.set("patron-business-session", cookie)
    page = await later.get("/account")
    assert (page.status, page.h1) == (403, "Your account belongs to another site")


async def test_a_mixed_shop_admits_both_types(own_applications: OwnApplications) -> None:
    own_applications.replace('kind = "shop"', 'kind = "shop"\nlogin = ["INDIVIDUAL", "SMB"]')
    for known in (await people.shopper(), await people.company()):
        assert (await known.signed_in("shop")).last.path == "/account"


async def test_approved_but_inactive_may_not_log_in_and_active_but_pending_neither() -> None:
    inactive = await people.company("a@alfki.example", customer_is_active=False)
    pending = await people.company("b@alfki.example", approval_status=ApprovalStatus.PENDING)
    for known in (inactive, pending):
        page = await (await visit("business")).sign_in(known.login, known.password)
        assert page.status == 403


async def test_of_several_memberships_the_one_that_fits_the_shop_is_used() -> None:
    maria = await people.company()
    other = await people.company("paul@other.example", company_name="Other Ltd", customer_is_active=False)
    await DB.execute(
        'INSERT INTO memberships (id, "user", customer, roles, created_at)'
        " VALUES (gen_random_uuid(), $1, $2, '{}', now() - interval '1 day')",
        maria.user_id,
        other.customer_id,
    )
    person = await maria.signed_in()
    assert "Alfreds Futterkiste" in person.last.text
