"""The account's overview, profile and company (domain.md 6, pages.md)."""

import asyncio

from tables import Company, Customer, Membership, User
from tables.engine import DB
from tests import people
from tests.browser_like import visit


async def test_the_account_is_for_signed_in_people(database):
    person = await visit("shop")
    for path in ("/account", "/account/profile", "/account/addresses", "/account/addresses/new"):
        page = await person.get(path)
        assert page.path.startswith("/sign-in?next="), path


async def test_the_overview_of_an_individual(database):
    known = await people.shopper(first_name="Ines", last_name="Müller")
    page = await (await known.signed_in()).get("/account")
    assert page.h1 == "Hello Ines Müller"
    assert known.number in page.main
    assert "Obere Str. 57" in page.main
    assert "Something for tonight?" in page.main
    assert "Company" not in page.main
    assert "People" not in page.main


async def test_the_overview_of_a_company(database):
    known = await people.company()
    await people.colleague(known, "paul@alfki.example")
    page = await (await known.signed_in()).get("/account")
    assert "Alfreds Futterkiste" in page.main
    assert "2 people act for your account:" in page.main
    assert "Stock up" in page.main
    assert "Something for tonight?" not in page.main
    assert "/business/account/company" in page.links


async def test_a_person_changes_the_profile(database):
    known = await people.shopper()
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert known.email in page.main
    page = await person.fill(
        page,
        {
            "title": "ms",
            "first_name": "Ines",
            "last_name": "Groß",
            "birthday": "31.03.1985",
            "phone": "030 1234567",
            "fax": "030 1234568",
            "preferred_language": "de",
        },
    )
    assert page.h1 == "Profil"
    user = await User.objects().get(User.id == known.user_id)
    assert (user.title, user.first_name, user.last_name, str(user.birthday)) == (
        "ms",
        "Ines",
        "Groß",
        "1985-03-31",
    )
    assert (user.phone, user.fax, user.preferred_language) == ("+49 30 1234567", "+49 30 1234568", "de")
    assert user.version == 2
    assert user.email == known.email
    customer = await Customer.objects().get(Customer.id == known.customer_id)
    assert customer.search_name == "Ines Groß"
    [entry] = await DB.fetch(
        "SELECT before->>'last_name' AS old FROM audit_entries WHERE action = 'profile changed'"
    )
    assert entry["old"] == "Anders"


async def test_errors_of_the_profile_are_told_at_once_and_what_was_typed_stays(database):
    person = await (await people.shopper()).signed_in()
    page = await person.fill(
        await person.get("/account/profile"), {"first_name": "", "birthday": "yesterday", "phone": "??"}
    )
    assert page.status == 422
    assert set(page.errors) == {"first_name", "birthday", "phone"}
    assert page.typed("birthday") == "yesterday"


async def test_users_of_a_company_have_department_and_position_but_no_birthday(database):
    known = await people.company()
    await DB.execute("UPDATE users SET birthday = '1985-03-31'")
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert page.tree.find(".//*[@name='birthday']") is None
    await person.fill(page, {"department": "Purchasing", "position": "Head"})
    membership = await Membership.objects().get(Membership.id == known.membership_id)
    assert (membership.department, membership.position) == ("Purchasing", "Head")
    user = await User.objects().get(User.id == known.user_id)
    assert str(user.birthday) == "1985-03-31"


async def test_fields_that_are_not_of_the_profile_change_nothing(database):
    known = await people.shopper()
    person = await known.signed_in()
    page = await person.get("/account/profile")
    await person.post(
        "/account/profile",
        {
            "first_name": "Ines",
            "last_name": "Groß",
            "version": page.typed("version"),
            "email": "evil@example.com",
            "login": "evil",
            "is_active": "off",
            "email_verified_at": "",
        },
    )
    user = await User.objects().get(User.id == known.user_id)
    assert (user.email, user.login, user.is_active, user.last_name) == (
        known.email,
        known.login,
        True,
        "Groß",
    )
    assert user.email_verified_at is not None


async def test_a_stale_edit_is_shown_both_versions_and_may_be_saved_knowingly(database):
    known = await people.shopper()
    at_home, at_work = await known.signed_in(), await known.signed_in()
    page_at_work = await at_work.get("/account/profile")
    await at_home.fill(await at_home.get("/account/profile"), {"last_name": "Home"})
    page = await at_work.fill(page_at_work, {"last_name": "Work"})
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    assert "Home" in page.main
    assert "Work" in page.main
    user = await User.objects().get(User.id == known.user_id)
    assert user.last_name == "Home"
    page = await at_work.fill(page, {"last_name": "Work"})
    assert page.status == 200
    user = await User.objects().get(User.id == known.user_id)
    assert (user.last_name, user.version) == ("Work", 3)


async def test_of_parallel_edits_one_counts_and_the_others_are_told(database):
    known = await people.shopper()
    person = await known.signed_in()
    version = (await person.get("/account/profile")).typed("version")
    answers = await asyncio.gather(
        *(
            person.post("/account/profile", {"first_name": f"N{n}", "last_name": "X", "version": version})
            for n in range(5)
        )
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]


async def test_an_administrator_changes_the_company(database):
    known = await people.company()
    person = await known.signed_in()
    page = await person.get("/account/company")
    page = await person.fill(
        page,
        {
            "company_name": "Alfreds AG",
            "company_name_2": "Kantine",
            "taxation_id": "DE 136 695 976",
            "industry": "catering",
            "description": "Two kitchens.\nOne cellar.",
        },
    )
    assert "saved" in page.main
    company = await Company.objects().get(Company.customer == known.customer_id)
    assert (company.company_name, company.taxation_id, company.industry) == (
        "Alfreds AG",
        "DE136695976",
        "catering",
    )
    customer = await Customer.objects().get(Customer.id == known.customer_id)
    assert (customer.search_name, customer.version) == ("Alfreds AG", 2)


async def test_a_wrong_taxation_id_is_told_at_its_field(database):
    person = await (await people.company()).signed_in()
    page = await person.fill(
        await person.get("/account/company"), {"taxation_id": "DE12", "company_name": ""}
    )
    assert page.status == 422
    assert set(page.errors) == {"company_name", "taxation_id"}


async def test_a_buyer_sees_the_company_but_cannot_change_it(database):
    known = await people.company()
    buyer = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    page = await buyer.get("/account/company")
    assert "Alfreds Futterkiste" in page.main
    assert page.tree.find(".//main//form") is None
    answer = await buyer.post("/account/company", {"company_name": "Mine"})
    assert answer.status == 403
    assert (await Company.objects().first()).company_name == "Alfreds Futterkiste"


async def test_a_stale_edit_of_the_company_is_shown_both_versions(database):
    known = await people.company()
    person = await known.signed_in()
    old = await person.get("/account/company")
    await person.fill(old, {"company_name": "First"})
    page = await person.fill(old, {"company_name": "Second"})
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    assert (await Company.objects().first()).company_name == "First"


async def test_the_consumer_shop_has_no_company_page(database):
    person = await (await people.shopper()).signed_in()
    assert (await person.get("/account/company")).status == 404
    assert (await person.post("/account/company", {"company_name": "x"})).status == 404
