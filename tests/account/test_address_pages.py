"""The pages of the addresses; their rules stand in tests/customers/test_addresses.py."""

import asyncio
import uuid

from tables import Address
from tables.engine import DB
from tests import people
from tests.browser_like import SeenPage
from tests.checkout.ordering import add, open_shop, order

NEW = {
    "first_name": "Ines",
    "last_name": "Müller",
    "street": "Ring 1",
    "postal_code": "1010",
    "city": "Wien",
    "country": "AT",
}


async def test_the_first_address_is_preferred_for_everything(database):
    person = await (await people.shopper(with_address=False)).signed_in()
    page = await person.get("/account/addresses")
    assert "not entered an address yet" in page.main
    page = await person.fill(await person.get("/account/addresses/new"), NEW)
    assert page.path == "/account/addresses"
    assert "Preferred for invoices" in page.main
    assert "Preferred for deliveries" in page.main
    assert "1010 Wien" in page.main
    assert "Austria" in page.main


async def test_another_address_is_preferred_and_the_old_one_deleted(database):
    person = await (await people.shopper()).signed_in()
    await person.fill(await person.get("/account/addresses/new"), NEW)
    old, new = await Address.objects().order_by(Address.created_at)
    page = await person.post(f"/account/addresses/{old.id}/delete")
    assert page.status == 422
    assert "prefer another one first" in page.main
    for kind in ("billing", "shipping"):
        page = await person.post(f"/account/addresses/{new.id}/prefer", {"kind": kind})
        assert page.path == "/account/addresses"
        assert "now preferred" in page.main
    page = await person.get(f"/account/addresses/{old.id}/delete")
    page = await person.fill(page, {}, form="_csrf_token")
    assert "The address is deleted." in page.main
    page = await person.post(f"/account/addresses/{new.id}/delete")
    assert page.status == 422
    assert "only address" in page.main


async def test_an_unknown_kind_of_preference_is_refused(database):
    person = await (await people.shopper()).signed_in()
    [address] = await Address.objects()
    await person.get("/account/addresses")
    page = await person.post(f"/account/addresses/{address.id}/prefer", {"kind": "gift"})
    assert page.status == 422
    assert "choose one of the options" in page.main


async def test_an_address_is_changed(database):
    person = await (await people.shopper()).signed_in()
    [address] = await Address.objects()
    page = await person.get(f"/account/addresses/{address.id}")
    assert page.typed("street") == "Obere Str. 57"
    page = await person.fill(page, {"street": "Untere Str. 1", "phone": "030 1234567"})
    assert "The address is saved." in page.main
    [changed] = await Address.objects()
    assert (changed.street, changed.phone, changed.version) == ("Untere Str. 1", "+49 30 1234567", 2)


async def test_errors_are_told_at_once_by_country_and_what_was_typed_stays(database):
    person = await (await people.shopper()).signed_in()
    page = await person.fill(
        await person.get("/account/addresses/new"),
        {"first_name": "", "last_name": "", "street": "", "postal_code": "123", "city": "", "country": "DE"},
    )
    assert page.status == 422
    assert set(page.errors) == {"first_name", "last_name", "street", "postal_code", "city"}
    assert page.typed("postal_code") == "123"


async def test_with_a_company_the_person_may_be_left_out(database):
    person = await (await people.company()).signed_in()
    page = await person.fill(
        await person.get("/account/addresses/new"),
        {**NEW, "first_name": "", "last_name": "", "company_name": "Alfreds Lager"},
    )
    assert "Alfreds Lager" in page.main


async def test_another_country_asks_for_its_own_fields_without_scripts(database):
    person = await (await people.shopper()).signed_in()
    await person.get("/account/addresses/new")
    page = await person.post("/account/addresses/new?change_country=1", {**NEW, "country": "US"})
    assert page.status == 200
    assert not page.errors
    assert page.typed("street") == "Ring 1"
    assert page.tree.find(".//select[@name='region']") is not None
    assert await Address.count() == 1


async def test_a_stale_edit_is_shown_both_versions(database):
    person = await (await people.shopper()).signed_in()
    [address] = await Address.objects()
    old = await person.get(f"/account/addresses/{address.id}")
    await person.fill(old, {"street": "First 1"})
    page = await person.fill(old, {"street": "Second 2"})
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    assert "First 1" in page.main
    page = await person.fill(page, {"street": "Second 2"})
    assert page.status == 200
    assert (await Address.objects().first()).street == "Second 2"


async def test_a_foreign_address_and_a_missing_one_are_the_same_not_found(database):
    stranger = await people.shopper("stranger@example.com")
    [foreign] = await Address.objects()
    person = await (await people.shopper()).signed_in()
    await person.get("/account/addresses")
    for key in (foreign.id, uuid.uuid4()):
        for path in (f"/account/addresses/{key}", f"/account/addresses/{key}/delete"):
            assert (await person.get(path)).status == 404
            assert (await person.post(path, NEW)).status == 404
        answer = await person.post(f"/account/addresses/{key}/prefer", {"kind": "billing"})
        assert answer.status == 404
    assert (await person.get("/account/addresses/nonsense")).status == 404
    unchanged = await Address.objects().get(Address.customer == stranger.customer_id)
    assert (unchanged.street, unchanged.version) == ("Obere Str. 57", 1)


async def test_a_buyer_adds_addresses_of_their_own_and_leaves_shared_ones_alone(database):
    known = await people.company()
    [shared] = await Address.objects()
    buyer = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    page = await buyer.get("/account/addresses")
    assert "Obere Str. 57" in page.main
    assert f"/business/account/addresses/{shared.id}" not in page.links
    for path in ("", "/delete"):
        assert (await buyer.post(f"/account/addresses/{shared.id}{path}", NEW)).status == 403
    page = await buyer.fill(await buyer.get("/account/addresses/new"), NEW)
    assert "Only yours" in page.main
    page = await (await known.signed_in()).get("/account/addresses")
    assert "1010 Wien" not in page.main


async def test_a_buyer_prefers_an_address_for_themselves_and_the_checkout_begins_with_it(database):
    await open_shop()
    known = await people.company()
    paul = await people.colleague(known, "paul@alfki.example")
    buyer = await paul.signed_in()
    await buyer.fill(await buyer.get("/account/addresses/new"), NEW)
    own = await Address.objects().get(Address.membership == paul.membership_id)
    page = await buyer.get("/account/addresses")
    page = await buyer.post(f"/account/addresses/{own.id}/prefer", {"kind": "shipping"})
    assert "Your choice for deliveries" in page.main
    assert "Ring 1" in (await buyer.get("/account")).main
    page = await buyer.get(f"/account/addresses/{own.id}/delete")
    assert "prefer another one first" in page.main
    # Back to what the company prefers; for what else, is not asked here.
    [way_out] = page.tree.findall(".//main//article//button")
    assert " ".join(way_out.text_content().split()) == "Prefer for my deliveries"
    await add(buyer)
    page = await buyer.get("/checkout")
    assert page.typed("shipping_choice") == str(own.id)
    page = await (await known.signed_in()).get("/account/addresses")
    assert "Your choice" not in page.main


async def test_an_administrator_shares_an_address_or_keeps_it(database):
    known = await people.company()
    person = await known.signed_in()
    await person.fill(await person.get("/account/addresses/new"), NEW)
    await person.fill(
        await person.get("/account/addresses/new"), {**NEW, "city": "Graz", "is_personal": "on"}
    )
    found = {one.city: one.membership for one in await Address.objects()}
    assert found["Wien"] is None
    assert found["Graz"] == known.membership_id


async def test_the_address_forms_of_the_two_types_differ(database):
    private = await (await people.shopper()).signed_in()
    business = await (await people.company()).signed_in()
    assert "gift" in (await private.get("/account/addresses/new")).main
    page = await business.get("/account/addresses/new")
    assert "gift" not in page.main
    assert page.typed("company_name") == "Alfreds Futterkiste"


def country_fields(page: SeenPage) -> list[str]:
    """What the country of a form asks, in its order."""
    return [
        one.get("name") for one in page.tree.get_element_by_id("fields-of-country").iter("input", "select")
    ]


async def test_the_first_address_is_told_to_be_the_contact_address(database):
    person = await (await people.shopper()).signed_in()
    page = await person.fill(await person.get("/account/addresses/new"), NEW)
    [first, second] = page.tree.findall(".//main//article")
    assert "Contact address" in first.text_content()
    assert "Contact address" not in second.text_content()


async def test_a_preferred_address_cannot_be_deleted_and_its_page_shows_the_way_out(database):
    person = await (await people.shopper()).signed_in()
    await person.fill(await person.get("/account/addresses/new"), NEW)
    old, new = await Address.objects().order_by(Address.created_at)
    page = await person.get(f"/account/addresses/{old.id}/delete")
    assert page.status == 200
    assert "prefer another one first" in page.main
    assert "Ring 1" in page.main
    for kind in ("billing", "shipping"):
        prefer = page.form(action=f"/account/addresses/{new.id}/prefer")
        assert kind in {one.get("value") for one in prefer.iter("button")}
        await person.post(prefer.get("action"), {"kind": kind})
        page = await person.get(f"/account/addresses/{old.id}/delete")
    page = await person.fill(page, {}, form="_csrf_token")
    assert "The address is deleted." in page.main
    assert await Address.count() == 1


async def test_the_last_address_cannot_be_deleted_and_has_no_link_to(database):
    person = await (await people.shopper()).signed_in()
    [only] = await Address.objects()
    page = await person.get("/account/addresses")
    assert f"/account/addresses/{only.id}/delete" not in page.links
    page = await person.get(f"/account/addresses/{only.id}/delete")
    assert "only address" in page.main
    assert (await person.post(f"/account/addresses/{only.id}/delete")).status == 422


async def test_parallel_deletion_of_the_last_two_leaves_one(database):
    known = await people.shopper()
    at_home, at_work = await known.signed_in(), await known.signed_in()
    await at_home.fill(await at_home.get("/account/addresses/new"), NEW)
    await at_work.get("/account/addresses")
    old, new = await Address.objects().order_by(Address.created_at)
    answers = await asyncio.gather(
        at_home.post(f"/account/addresses/{old.id}/delete"),
        at_work.post(f"/account/addresses/{new.id}/delete"),
    )
    assert sorted(one.status for one in answers) == [200, 422]
    [left] = await Address.objects()
    assert (left.is_preferred_billing, left.is_preferred_shipping) == (True, True)


async def test_parallel_deletion_while_another_is_preferred_leaves_one_preferred_for_both(database):
    known = await people.shopper()
    at_home, at_work = await known.signed_in(), await known.signed_in()
    await at_home.fill(await at_home.get("/account/addresses/new"), NEW)
    await at_work.get("/account/addresses")
    old, new = await Address.objects().order_by(Address.created_at)
    for kind in ("billing", "shipping"):
        await at_home.post(f"/account/addresses/{new.id}/prefer", {"kind": kind})
    await asyncio.gather(
        at_home.post(f"/account/addresses/{old.id}/delete"),
        at_work.post(f"/account/addresses/{new.id}/delete"),
        at_work.post(f"/account/addresses/{old.id}/prefer", {"kind": "billing"}),
        at_home.post(f"/account/addresses/{old.id}/prefer", {"kind": "shipping"}),
    )
    left = await Address.objects()
    assert left
    assert sum(one.is_preferred_billing for one in left) == 1
    assert sum(one.is_preferred_shipping for one in left) == 1


async def test_an_address_of_an_order_never_changes(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    number = await order(person)
    stored = "SELECT billing_address::text || shipping_address::text FROM orders"
    before = await DB.fetch_value(stored)
    [address] = await Address.objects()
    await person.fill(await person.get(f"/account/addresses/{address.id}"), {"street": "Untere Str. 1"})
    await person.fill(await person.get("/account/addresses/new"), NEW)
    new = await Address.objects().get(Address.street == "Ring 1")
    assert new is not None
    for kind in ("billing", "shipping"):
        await person.post(f"/account/addresses/{new.id}/prefer", {"kind": kind})
    await person.post(f"/account/addresses/{address.id}/delete")
    assert await Address.count() == 1
    assert await DB.fetch_value(stored) == before
    page = await person.get(f"/account/orders/{number}")
    assert "Obere Str. 57" in page.main
    assert "Untere Str. 1" not in page.main
    assert "Ring 1" not in page.main


async def test_who_may_change_shared_addresses_is_a_permission_and_not_a_role(database):
    known = await people.company()
    [shared] = await Address.objects()
    for role, status in (("viewer", 403), ("approver", 403), ("account_administrator", 200)):
        user = await people.colleague(known, f"{role}@alfki.example", (role,))
        person = await user.signed_in()
        assert "Obere Str. 57" in (await person.get("/account/addresses")).main
        for path in ("", "/delete"):
            page = await person.get(f"/account/addresses/{shared.id}{path}")
            assert page.status == status, (role, path)


async def test_a_personal_address_of_a_colleague_is_missing_like_none(database):
    known = await people.company()
    buyer = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    await buyer.fill(await buyer.get("/account/addresses/new"), NEW)
    personal = await Address.objects().get(Address.city == "Wien")
    assert personal is not None
    administrator = await known.signed_in()
    await administrator.get("/account/addresses")
    for path in ("", "/delete"):
        assert (await administrator.get(f"/account/addresses/{personal.id}{path}")).status == 404
        assert (await administrator.post(f"/account/addresses/{personal.id}{path}", NEW)).status == 404


async def test_a_personal_address_is_deleted_by_its_owner_whatever_the_company_has(database):
    known = await people.company(with_address=False)
    buyer = await (await people.colleague(known, "paul@alfki.example")).signed_in()
    await buyer.fill(await buyer.get("/account/addresses/new"), NEW)
    [personal] = await Address.objects()
    page = await buyer.get(f"/account/addresses/{personal.id}/delete")
    page = await buyer.fill(page, {}, form="_csrf_token")
    assert "The address is deleted." in page.main


async def test_the_form_follows_the_country_in_fields_order_and_words(database):
    person = await (await people.shopper()).signed_in()
    for country, fields, word in (
        ("DE", ["street", "street_2", "postal_code", "city"], "Postal code"),
        ("US", ["street", "street_2", "city", "region", "postal_code"], "ZIP code"),
        ("GB", ["street", "street_2", "city", "postal_code"], "Post town"),
        ("IE", ["street", "street_2", "city", "region", "postal_code"], "Eircode"),
        ("JP", ["postal_code", "region", "street", "street_2"], "Prefecture"),
        ("HU", ["city", "street", "street_2", "postal_code"], "City"),
    ):
        await person.get("/account/addresses/new")
        page = await person.post("/account/addresses/new?change_country=1", {**NEW, "country": country})
        assert country_fields(page) == fields, country
        assert word in page.main, country
        assert page.typed("street") == NEW["street"], "what was typed stays"


async def test_each_country_checks_its_postal_codes_and_prints_its_addresses(database):
    person = await (await people.shopper()).signed_in()
    for country, wrong, right, printed in (
        ("GB", "12345", "sw1a 2aa", "SW1A 2AA"),
        ("NL", "123", "1012 jS", "1012 JS Amsterdam"),
    ):
        typed = {**NEW, "country": country, "city": "Amsterdam" if country == "NL" else "London"}
        await person.get("/account/addresses/new")
        page = await person.post("/account/addresses/new", {**typed, "postal_code": wrong})
        assert set(page.errors) == {"postal_code"}, country
        page = await person.post("/account/addresses/new", {**typed, "postal_code": right})
        assert printed in page.main


async def test_two_tabs_see_both_countries_in_words(database):
    person = await (await people.shopper()).signed_in()
    [address] = await Address.objects()
    old = await person.get(f"/account/addresses/{address.id}")
    await person.fill(old, {"country": "AT", "postal_code": "1010"})
    page = await person.fill(old, {"country": "FR", "postal_code": "75001"})
    assert page.status == 409
    assert "France" in page.main
    assert "Austria" in page.main
