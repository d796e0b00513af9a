"""Entering promotion codes, and what is said of those that take nothing off (domain.md 8)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from app.marketing.edit_promotions import PromotionDraft, create_promotion
from app.marketing.promotions import PromotionTarget
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, visit
from tests.catalog.shelf import EVERYONE
from tests.checkout.ordering import add, answer, number_on, open_shop, order, place


async def promotion(code: str = "SPRING", *, id: str = "", **changes: Any) -> None:
    """One euro off the order for everyone who enters the code, if it has any."""
    draft = {
        "names": {"en": f"Promotion {code}"},
        "applies_to": PromotionTarget.ORDER,
        "amount_off": 100,
        "code": code,
        "segments": frozenset({EVERYONE}),
        **changes,
    }
    await create_promotion(id or code.lower(), PromotionDraft(**draft))


async def enter(person: Person, code: str) -> SeenPage:
    return await person.fill(await person.get("/basket"), {"code": code}, form="code")


async def test_a_code_counts_until_it_is_taken_off(database):
    await open_shop()
    await promotion()
    person = await visit("shop")
    await add(person)
    page = await enter(person, " spring ")
    assert "The code counts." in page.main
    assert "Promotion SPRING" in page.main
    assert "€10.90" in page.main, "11.90 with tax, and 1.00 off"
    page = await enter(person, "")
    assert "The code is taken off." in page.main
    assert "€11.90" in page.main
    assert "Promotion SPRING" not in page.main


async def test_who_mistypes_a_second_code_keeps_the_first(database):
    await open_shop()
    await promotion()
    person = await visit("shop")
    await add(person)
    await enter(person, "SPRING")
    page = await enter(person, "SPRNIG2")
    assert page.status == 422
    assert page.errors == {"code": "We do not know this code. Please check how it is spelt."}
    assert page.typed("code") == "SPRNIG2"
    assert "Promotion SPRING" in page.main
    page = await person.get("/basket")
    assert page.typed("code") == "SPRING"
    assert "€10.90" in page.main


async def test_the_review_says_why_a_code_counts_no_more(database):
    await open_shop()
    await promotion(limit_per_customer=1)
    first = await visit("shop")
    await add(first)
    await enter(first, "SPRING")
    assert number_on(await place(first, await answer(first)))
    again = await visit("shop")
    await add(again)
    assert "The code counts." in (await enter(again, "SPRING")).main, "nobody knows yet who that is"
    page = await answer(again)
    assert page.h1 == "Review your order"
    assert "Promotion SPRING" not in page.main
    assert "Code SPRING: You have used this code as often as possible." in page.main


async def test_who_loses_the_last_use_to_somebody_else_is_told(database):
    await open_shop()
    await promotion(limit_total=1)
    waiting = await visit("shop")
    await add(waiting)
    await enter(waiting, "SPRING")
    review = await answer(waiting)
    assert "Promotion SPRING" in review.main
    faster = await visit("shop")
    await add(faster)
    await enter(faster, "SPRING")
    assert number_on(await place(faster, await answer(faster, email="faster@example.com")))
    page = await place(waiting, review)
    assert page.status == 409
    assert "Code SPRING: This code has been used up." in page.main
    assert number_on(await place(waiting, page))
    assert await DB.fetch_value("SELECT count(*) FROM promotion_uses") == 1


async def test_what_was_used_as_a_guest_counts_for_the_account_that_claims_the_order(database):
    await open_shop()
    await promotion(limit_per_customer=1)
    guest = await visit("shop")
    await add(guest)
    await enter(guest, "SPRING")
    await order(guest, "COFFEE", email="ines@example.com")
    person = await (await people.shopper("ines@example.com")).signed_in()
    await person.get("/account/orders")
    assert "is now in your account" in (await person.post("/account/orders/claim")).main
    await add(person)
    page = await enter(person, "SPRING")
    assert page.errors == {"code": "You have used this code as often as possible."}


async def test_promotions_are_for_their_target_group_their_products_and_their_time(database):
    shop = await open_shop()
    now = datetime.now(UTC)
    members = frozenset({"IG_RegisteredUsers"})
    await promotion(
        "",
        id="teas",
        names={"en": "Tea week"},
        applies_to=PromotionTarget.ITEM,
        amount_off=119,
        product=shop.products["TEA"],
        segments=members,
    )
    await promotion(
        "", id="free", names={"en": "We send it"}, applies_to=PromotionTarget.SHIPPING, amount_off=9999
    )
    await promotion("", id="over", names={"en": "Long over"}, valid_to=now - timedelta(hours=1))
    await promotion("", id="later", names={"en": "Not yet"}, valid_from=now + timedelta(hours=1))
    guest, member = await visit("shop"), await (await people.shopper()).signed_in()
    for person, expected in ((guest, "€71.40"), (member, "€69.02")):
        await add(person, "TEA", 2)
        page = await add(person, "COFFEE", 2)
        assert expected in page.main, "2 x 11.90 and 2 x 23.80, for members 1.19 off each tea"
        assert ("Tea week" in page.main) == (person is member)
    page = await answer(guest)
    assert "We send it" in page.main
    assert "€71.40" in page.main, "the delivery is free"
    assert not any(one in page.main for one in ("Long over", "Not yet", "Tea week"))
    number = number_on(await place(guest, page))
    stored = await DB.fetch_row(
        "SELECT gross_total, shipping_total, discount_total, promotions FROM orders WHERE number = $1", number
    )
    assert (stored["gross_total"], stored["shipping_total"], stored["discount_total"]) == (7140, 595, 595)
    assert "We send it" in stored["promotions"]
