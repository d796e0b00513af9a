"""The pages of the addresses; their rules stand in tests/customers/test_addresses.py."""

import uuid

from tables import Address
from tests import people

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
    assert (await buyer.post(f"/account/addresses/{shared.id}/prefer", {"kind": "billing"})).status == 403
    page = await buyer.fill(await buyer.get("/account/addresses/new"), NEW)
    assert "Only yours" in page.main
    page = await (await known.signed_in()).get("/account/addresses")
    assert "1010 Wien" not in page.main


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
