"""The profile by customer type, what the shop lets people change, and custom attributes (domain.md 2, 6)."""

import msgspec
import pytest

from app.customers.extensions import attributes_of
from app.segments.custom import create_segment
from app.segments.rules import read_rule
from tables import Company, Customer, Membership, User
from tables.engine import DB
from tests import people
from tests.browser_like import mails, visit
from tests.checkout.ordering import add, deliver, open_shop
from tests.own_applications import OwnApplications
from tests.people import Known

ATTRIBUTES = """
own_profile_fields = ["department", "business_partner_number"]

[[application_types.SMBWebShop.attributes]]
name = "cost_centre"
on = "user"
labels = { en = "Cost centre", de = "Kostenstelle" }
max_length = 10
editable = true

[[application_types.SMBWebShop.attributes]]
name = "delivery_note"
on = "customer"
labels = { en = "Delivery note", de = "Lieferschein" }
kind = "choice"
editable = true
choices = [
  { value = "paper", labels = { en = "On paper", de = "Auf Papier" } },
  { value = "mail", labels = { en = "By mail", de = "Per Mail" } },
]

[[application_types.SMBWebShop.attributes]]
name = "credit_rating"
on = "customer"
labels = { en = "Credit rating", de = "Bonität" }
"""
OF_SHOPPERS = """
[[application_types.B2CWebShop.attributes]]
name = "loves"
on = "customer"
labels = { en = "Favourite", de = "Liebling" }
editable = true

[[application_types.B2CWebShop.attributes]]
name = "shoe_size"
on = "user"
labels = { en = "Shoe size", de = "Schuhgröße" }
"""


@pytest.fixture
def declaring(own_applications: OwnApplications) -> None:
    """The shops with custom attributes, and with other fields that users may change."""
    for attributes, heading in (
        (OF_SHOPPERS, "[application_types.SMBWebShop]"),
        (ATTRIBUTES, "[application_types.BackOffice]"),
    ):
        own_applications.replace(heading, f"{attributes}\n{heading}")


async def set_attributes(table: str, key: object, **values: object) -> None:
    await DB.execute(
        f"UPDATE {table} SET attributes = $2::jsonb WHERE id = $1", key, msgspec.json.encode(values).decode()
    )


async def of_customer(known: Known) -> dict[str, object]:
    found = await Customer.objects().get(Customer.id == known.customer_id)
    assert found is not None
    return attributes_of(found)


async def test_an_individuals_profile_has_a_birthday_and_nothing_of_a_company(database):
    known = await people.shopper()
    page = await (await known.signed_in()).get("/account/profile")
    names = {one.get("name") for one in page.form(with_field="last_name").iter("input", "select")}
    assert {"title", "first_name", "last_name", "birthday", "phone", "fax", "preferred_language"} <= names
    assert not names & {"department", "position", "business_partner_number", "preferred_payment"}
    assert known.number in page.main


async def test_a_user_of_a_company_also_has_department_position_number_and_payment(database):
    known = await people.company()
    await DB.execute("UPDATE memberships SET business_partner_number = 'BP-7'")
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert "BP-7" in page.main
    await person.fill(
        page, {"department": "Purchasing", "position": "Head", "preferred_payment": "prepayment"}
    )
    membership = await Membership.objects().get(Membership.id == known.membership_id)
    assert (membership.department, membership.position) == ("Purchasing", "Head")
    assert (membership.preferred_payment, membership.business_partner_number) == ("prepayment", "BP-7")


async def test_what_the_shop_keeps_for_itself_is_seen_and_not_changed(database):
    known = await people.company()
    await DB.execute("UPDATE memberships SET business_partner_number = 'BP-7'")
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert page.tree.find(".//*[@name='business_partner_number']") is None
    sent = {"first_name": "M", "last_name": "A", "business_partner_number": "MINE"}
    assert (await person.post("/account/profile", sent)).status == 200
    assert await DB.fetch_value("SELECT business_partner_number FROM memberships") == "BP-7"


async def test_the_shop_says_which_fields_users_may_change(database, declaring):
    known = await people.company()
    await DB.execute("UPDATE memberships SET position = 'Head', preferred_payment = 'invoice'")
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert "Head" in page.main
    assert "Invoice" in page.main
    page = await person.fill(page, {"business_partner_number": "BP-8"})
    await person.post("/account/profile", {"first_name": "M", "last_name": "A", "position": "Boss"})
    membership = await Membership.objects().get(Membership.id == known.membership_id)
    assert (membership.business_partner_number, membership.position) == ("BP-8", "Head")


async def test_a_way_of_payment_that_is_not_offered_is_refused(database):
    person = await (await people.company()).signed_in()
    page = await person.fill(await person.get("/account/profile"), {"preferred_payment": "gold"})
    assert page.status == 422
    assert set(page.errors) == {"preferred_payment"}


async def test_the_checkout_begins_with_the_preferred_payment(database):
    await open_shop()
    await deliver()
    known = await people.company()
    await DB.execute("UPDATE memberships SET preferred_payment = 'prepayment'")
    person = await known.signed_in()
    await add(person)
    assert (await person.get("/checkout")).typed("payment_method") == "prepayment"


async def test_the_preferred_language_is_that_of_the_site_and_of_mails_at_once(database):
    known = await people.shopper()
    person = await known.signed_in()
    page = await person.fill(await person.get("/account/profile"), {"preferred_language": "de"})
    assert (page.tree.get("lang"), page.h1) == ("de", "Profil")
    await person.post("/forgotten-password", {"email": known.email})
    assert [one.language for one in await mails("password_reminder")] == ["de"]
    await person.post("/sign-out")
    assert (await person.get("/")).tree.get("lang") == "de"
    assert (await (await visit("shop")).get("/")).tree.get("lang") == "en"


async def test_a_declared_attribute_of_the_person_is_changed_and_all_others_stay(database, declaring):
    known = await people.company()
    await set_attributes("users", known.user_id, secret_note="VIP", cost_centre="1000")
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert page.typed("attribute_user_cost_centre") == "1000"
    # The token is of random letters, which could be any three.
    assert "VIP" not in page.html.replace(page.csrf_token, "")
    page = await person.fill(page, {"attribute_user_cost_centre": "2000"})
    assert page.status == 200
    user = await User.objects().get(User.id == known.user_id)
    assert attributes_of(user) == {"secret_note": "VIP", "cost_centre": "2000"}
    await person.fill(page, {"attribute_user_cost_centre": ""})
    user = await User.objects().get(User.id == known.user_id)
    assert attributes_of(user) == {"secret_note": "VIP"}


async def test_a_wrong_attribute_is_told_at_its_field_by_its_name(database, declaring):
    person = await (await people.company()).signed_in()
    page = await person.fill(
        await person.get("/account/profile"), {"attribute_user_cost_centre": "far too long for this"}
    )
    assert page.status == 422
    assert "at most 10 characters" in page.errors["attribute_user_cost_centre"]
    assert "Cost centre:" in page.main


async def test_attributes_that_are_not_editable_or_not_declared_change_nothing(database, declaring):
    known = await people.company()
    await set_attributes("customers", known.customer_id, credit_rating="B", hidden="x")
    person = await known.signed_in()
    page = await person.get("/account/company")
    assert "B" in page.main
    sent = {
        "company_name": "Alfreds",
        "attribute_customer_credit_rating": "AAA",
        "attribute_customer_hidden": "y",
        "attribute_customer_new": "z",
        "attribute_customer_delivery_note": "mail",
    }
    assert (await person.post("/account/company", sent)).status == 200
    assert await of_customer(known) == {"credit_rating": "B", "hidden": "x", "delivery_note": "mail"}


async def test_a_choice_among_attributes_takes_only_what_is_offered_in_the_persons_language(
    database, declaring
):
    known = await people.company(preferred_language="de")
    person = await known.signed_in()
    page = await person.get("/account/company")
    assert "Lieferschein" in page.main
    assert "Auf Papier" in page.main
    page = await person.fill(page, {"attribute_customer_delivery_note": "pigeon"})
    assert page.status == 422
    assert set(page.errors) == {"attribute_customer_delivery_note"}
    page = await person.fill(page, {"attribute_customer_delivery_note": "paper"})
    assert page.typed("attribute_customer_delivery_note") == "paper"


async def test_who_may_not_change_the_company_sees_its_attributes_in_words(database, declaring):
    known = await people.company()
    await set_attributes("customers", known.customer_id, delivery_note="paper")
    buyer = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    page = await buyer.get("/account/company")
    assert "On paper" in page.main
    sent = {"company_name": "x", "attribute_customer_delivery_note": "mail"}
    assert (await buyer.post("/account/company", sent)).status == 403
    # Nor by the profile: it has the person's attributes only.
    await buyer.post("/account/profile", {"first_name": "P", "last_name": "B", **sent})
    assert await of_customer(known) == {"delivery_note": "paper"}


async def test_an_individual_is_the_customer_and_changes_its_attributes_in_the_profile(database, declaring):
    known = await people.shopper()
    await set_attributes("users", known.user_id, shoe_size=42)
    person = await known.signed_in()
    page = await person.get("/account/profile")
    assert "42" in page.main
    await person.fill(page, {"attribute_customer_loves": "Cheese"})
    assert await of_customer(known) == {"loves": "Cheese"}
    assert await DB.fetch_value("SELECT attributes->>'shoe_size' FROM users") == "42"


async def test_a_segment_that_asks_for_an_attribute_follows_at_once(database, declaring):
    rule = read_rule('{"is": "all", "of": [{"is": "attribute", "name": "loves", "value": "Cheese"}]}')
    await create_segment("cheese", "Cheese lovers", rule=rule)
    person = await (await people.shopper()).signed_in()
    page = await person.get("/account/profile")
    page = await person.fill(page, {"attribute_customer_loves": "Cheese"})
    assert "Cheese lovers" in (await person.get("/account")).main
    await person.fill(page, {"attribute_customer_loves": "Tea"})
    assert "Cheese lovers" not in (await person.get("/account")).main


async def test_two_edits_of_attributes_at_once_are_told(database, declaring):
    known = await people.company()
    person = await known.signed_in()
    old = await person.get("/account/company")
    await person.fill(old, {"attribute_customer_delivery_note": "paper"})
    page = await person.fill(old, {"attribute_customer_delivery_note": "mail"})
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    assert "Delivery note" in page.main
    old = await person.get("/account/profile")
    await person.fill(old, {"attribute_user_cost_centre": "1"})
    page = await person.fill(old, {"attribute_user_cost_centre": "2"})
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    assert "Cost centre" in page.main
    assert await Company.count() == 1
