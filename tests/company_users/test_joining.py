"""People come to a company by their e-mail domain or by registering another one with the login that they have."""

import re

import pytest

from app.customers.mail_domains import domain_of, is_public
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, mails, visit
from tests.people import PASSWORD, Known

pytestmark = pytest.mark.usefixtures("database")


def action(page: SeenPage, ending: str) -> str:
    return next(
        one.get("action") for one in page.tree.iterfind(".//main//form") if one.get("action").endswith(ending)
    )


async def with_domain() -> tuple[Known, Person]:
    """Maria lets people of alfki.example ask."""
    maria = await people.company()
    person = await maria.signed_in()
    page = await person.fill(await person.get("/account/users/joining"), {}, form="is_on")
    assert "People with a verified e-mail of alfki.example may ask to join." in page.text
    return maria, person


async def asked() -> tuple[Person, Person]:
    """A shopper with an e-mail of the domain has asked."""
    _maria, admin = await with_domain()
    ines = await (await people.shopper("ines@ALFKI.example", first_name="Ines")).signed_in()
    page = await ines.get("/account/companies")
    page = await ines.fill(page, {"comment": "Ines of the warehouse"}, form="comment")
    assert "Alfreds Futterkiste is asked." in page.text
    return admin, ines


async def memberships() -> int:
    return int(await DB.fetch_value("SELECT count(*) FROM memberships"))


async def test_somebody_of_the_domain_asks_and_an_administrator_lets_them_in_with_roles() -> None:
    admin, ines = await asked()
    (mail,) = await mails("join_asked")
    assert mail.to == "maria@alfki.example"
    page = await admin.get("/account/users/joining")
    assert "Ines of the warehouse" in page.main
    page = await admin.post(action(page, "/accept"), {"roles": "buyer"})
    assert "Ines Anders acts for your company now." in page.text
    (told,) = await mails("join_decided")
    assert "has let you join" in told.text
    assert await DB.fetch_value("SELECT count(*) FROM memberships WHERE roles = '{buyer}'") == 1
    assert "At Patron Business" in (await ines.get("/account/companies")).main
    at_business = await visit("business")
    assert (await at_business.sign_in("ines@ALFKI.example", PASSWORD)).status == 200


async def test_who_is_refused_is_told_and_may_not_ask_again_at_once() -> None:
    admin, ines = await asked()
    page = await admin.get("/account/users/joining")
    wish = action(page, "/accept").replace("/accept", "/refuse")
    await admin.post(wish)
    assert "has not let you join" in (await mails("join_decided"))[0].text
    assert await memberships() == 2
    number = await DB.fetch_value("SELECT number FROM customers WHERE customer_type = 'SMB'")
    answer = await ines.post("/account/companies/join", {"customer": number})
    assert "refused a moment ago" in answer.text
    assert (await admin.post(wish)).status == 409


async def test_asking_twice_makes_one_wish_and_one_mail() -> None:
    _admin, ines = await asked()
    number = await DB.fetch_value("SELECT number FROM customers WHERE customer_type = 'SMB'")
    await ines.post("/account/companies/join", {"customer": number})
    assert len(await mails("join_asked")) == 1
    assert await DB.fetch_value("SELECT count(*) FROM join_requests") == 1


async def test_nobody_lets_in_with_more_than_they_have() -> None:
    admin, _ines = await asked()
    page = await admin.get("/account/users/joining")
    for roles in ("", "no-such-role"):
        answer = await admin.post(action(page, "/accept"), {"roles": roles})
        assert answer.status == 422
    assert await memberships() == 2


async def test_a_public_mail_host_cannot_be_switched_on() -> None:
    maria = await people.company("maria.anders@gmail.com")
    person = await maria.signed_in()
    assert "everybody can get an address" in (await person.get("/account/users/joining")).main
    answer = await person.post("/account/users/joining", {"is_on": "on"})
    assert answer.status == 422
    assert await DB.fetch_value("SELECT join_domain FROM companies") == ""
    assert is_public("mail.gmail.com")
    assert not is_public("notgmail.com")
    assert domain_of("Ines@BÜCHER.example") == domain_of("ines@xn--bcher-kva.example")


async def test_strangers_to_the_domain_and_unverified_people_see_no_company_and_cannot_ask() -> None:
    maria, _admin = await with_domain()
    other = await (await people.shopper("ines@elsewhere.example")).signed_in()
    assert "Alfreds" not in (await other.get("/account/companies")).text
    assert (await other.post("/account/companies/join", {"customer": maria.number})).status == 404
    assert (await other.post("/account/companies/join", {"customer": "NO-SUCH"})).status == 404
    sub = await (await people.shopper("ines@sub.alfki.example")).signed_in()
    assert "Alfreds" not in (await sub.get("/account/companies")).text


async def test_wishes_of_another_company_are_as_missing_ones() -> None:
    await asked()
    key = await DB.fetch_value("SELECT id FROM join_requests")
    stranger = await (await people.company("eve@other.example", company_name="Other Ltd")).signed_in()
    for one in (key, "00000000-0000-7000-8000-00000000dead"):
        for ending in ("accept", "refuse"):
            answer = await stranger.post(f"/account/users/joining/{one}/{ending}", {"roles": "buyer"})
            assert answer.status == 404


async def test_an_invitation_waits_in_the_account_of_a_shopper_who_cannot_sign_in_at_the_business_shop() -> (
    None
):
    await people.shopper("ines@example.com")
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite")
    await person.fill(page, {"email": "ines@example.com", "roles": "buyer"}, form="email")
    link = (await mails("invitation"))[0].link
    stranger = await visit("business")
    page = await stranger.get(link)
    assert (
        "An account with your e-mail exists at Patron Shop." in page.main
        or "Please sign in there" in page.main
    )
    sign_in = next(one for one in page.links if "/sign-in?" in one)
    ines = await visit("shop")
    page = await ines.fill(await ines.get(sign_in), {"login": "ines@example.com", "password": PASSWORD})
    assert page.h1 == "Your companies"
    page = await ines.fill(page, {}, form="invitation")
    assert "You can act for Alfreds Futterkiste now." in page.text
    assert (await (await visit("business")).sign_in("ines@example.com", PASSWORD)).status == 200


async def test_an_invitation_of_somebody_else_is_as_a_missing_one() -> None:
    person = await (await people.company()).signed_in()
    page = await person.get("/account/users/invite")
    await person.fill(page, {"email": "nora@alfki.example", "roles": "buyer"}, form="email")
    key = await DB.fetch_value("SELECT id FROM invitations")
    eve = await (await people.shopper("eve@example.com")).signed_in()
    for one in (key, "00000000-0000-7000-8000-00000000dead", "nonsense"):
        assert (await eve.post("/account/companies/accept", {"invitation": one})).status == 404
    assert await DB.fetch_value("SELECT accepted_at FROM invitations") is None


async def start(person: Person) -> SeenPage:
    page = await person.get("/account/companies")
    return await person.fill(page, {}, form="customer_type")


async def test_a_shopper_registers_a_company_with_the_login_that_they_have() -> None:
    ines = await (await people.shopper()).signed_in()
    page = await start(ines)
    assert "/business/register/smb/with-login" in page.path
    assert "You register as Maria Anders (ines@example.com) and keep your login." in page.main
    page = await ines.fill(page, {"company_name": "Ines Imports", "terms": "on"})
    assert page.h1 == "Your company is registered"
    assert "send you a mail once we have decided" in page.main
    row = await DB.fetch_row(
        "SELECT c.approval_status, c.search_name, m.roles FROM customers c JOIN memberships m ON m.customer = c.id"
        " WHERE c.customer_type = 'SMB'"
    )
    assert row == {
        "approval_status": "pending",
        "search_name": "Ines Imports",
        "roles": ["account_administrator"],
    }
    assert await DB.fetch_value("SELECT count(*) FROM users") == 1
    assert await DB.fetch_value("SELECT count(*) FROM approval_requests") == 1
    assert {one.kind for one in await mails()} >= {"approval_received", "approval_requested"}
    assert "Awaits approval" in (await ines.get("/account/companies")).main


async def test_a_companys_user_registers_a_second_company_and_the_errors_are_told() -> None:
    maria = await (await people.company()).signed_in()
    page = await start(maria)
    page = await maria.fill(page, {"company_name": "", "taxation_id": "nonsense"}, form="company_name")
    assert page.status == 422
    assert {"company_name", "terms"} <= set(page.errors)
    page = await maria.fill(page, {"company_name": "Second Ltd", "taxation_id": "", "terms": "on"})
    assert page.h1 == "Your company is registered"
    assert await memberships() == 2


async def test_the_link_to_register_a_company_works_once_and_only_while_the_person_may_act() -> None:
    ines = await (await people.shopper()).signed_in()
    page = await start(ines)
    path = page.path
    await ines.fill(page, {"company_name": "Ines Imports", "terms": "on"})
    answer = await ines.get(path)
    assert answer.status == 410
    page = await start(ines)
    await DB.execute("UPDATE users SET is_active = false")
    assert (await ines.get(page.path)).status == 410
    assert (await (await visit("business")).get("/register/smb/with-login?token=nonsense")).status == 410


async def test_pages_of_a_company_without_the_permission_are_not_for_buyers() -> None:
    maria = await people.company()
    paul = await (await people.colleague(maria, "paul@alfki.example")).signed_in()
    for path in ("invite", "invite/several", "invitations", "joining", "import"):
        assert (await paul.get(f"/account/users/{path}")).status == 403


async def test_who_has_registered_before_is_told_by_mail_how_to_add_a_company() -> None:
    await people.shopper("ines@example.com")
    stranger = await visit("business")
    page = await stranger.get("/register/smb")
    fields = {
        "first_name": "Ines",
        "last_name": "Anders",
        "company_name": "Ines Imports",
        "email": "ines@example.com",
        "password": "a quiet harbour at dawn",
        "terms": "on",
    }
    await stranger.fill(page, fields)
    (told,) = await mails("already_registered")
    assert re.search(r"localhost:8000/account/companies", told.text)
