"""A session ends while the checkout is open: nothing that was typed is lost, and nobody else finds it (pages.md)."""

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage
from tests.checkout.ordering import GUEST, HOW, add, answer, number_on, open_shop, place

NEW = {name: value for name, value in GUEST.items() if name != "email"} | {"billing_choice": "new"}
TOLD = "You were signed out meanwhile."


async def end_sessions() -> None:
    await DB.execute("DELETE FROM sessions")


async def signed_out_while_typing(person: Person, **fields: str) -> SeenPage:
    page = await person.get("/checkout")
    await end_sessions()
    return await person.fill(page, {**NEW, **HOW, **fields}, form="payment_method")


async def sign_in_on(page: SeenPage, person: Person, known: people.Known) -> SeenPage:
    return await person.fill(page, {"login": known.login, "password": known.password})


async def test_who_is_signed_out_meanwhile_signs_in_and_finds_all_that_was_typed(database):
    await open_shop()
    ines = await people.shopper()
    person = await ines.signed_in()
    await add(person, "TEA", 2)
    page = await signed_out_while_typing(person, comment="Ring twice, bitte")
    assert page.h1 == "Sign in"
    assert TOLD in page.text
    page = await sign_in_on(page, person, ines)
    assert page.h1 == "Checkout"
    assert page.typed("comment").strip() == "Ring twice, bitte"
    assert page.typed("billing_street") == GUEST["billing_street"]
    assert page.typed("billing_choice") == "new"
    assert page.typed("payment_method") == HOW["payment_method"]
    review = await person.fill(page, {}, form="payment_method")
    assert "Ring twice, bitte" in review.main
    number_on(await place(person, review))


async def test_what_was_changed_last_counts_and_not_what_was_typed_before(database):
    await open_shop()
    ines = await people.shopper()
    person = await ines.signed_in()
    await add(person)
    page = await sign_in_on(await signed_out_while_typing(person, comment="Ring twice"), person, ines)
    await person.fill(page, {"comment": "Do not ring"}, form="payment_method")
    assert (await person.get("/checkout")).typed("comment").strip() == "Do not ring"


async def test_what_was_typed_is_sealed_and_nobody_else_finds_it_at_this_browser(database):
    await open_shop()
    ines = await people.shopper()
    otto = await people.shopper("otto@example.com")
    person = await ines.signed_in()
    await add(person)
    page = await signed_out_while_typing(person, comment="A secret of Ines")
    kept = person.cookie("checkout")
    assert kept
    assert "Ines" not in kept
    page = await sign_in_on(page, person, otto)
    await add(person, "COFFEE")
    page = await person.get("/checkout")
    assert page.h1 == "Checkout"
    assert page.typed("comment").strip() == ""
    assert GUEST["billing_street"] not in page.html


async def test_who_is_signed_out_before_the_last_click_comes_back_to_the_review(database):
    await open_shop()
    ines = await people.shopper()
    person = await ines.signed_in()
    await add(person)
    review = await answer(person, **NEW)
    await end_sessions()
    page = await place(person, review)
    assert page.h1 == "Sign in"
    assert TOLD in page.text
    assert await DB.fetch_value("SELECT count(*) FROM orders") == 0
    page = await sign_in_on(page, person, ines)
    assert page.h1 == "Review your order"
    number_on(await place(person, page))


async def test_a_form_that_only_claims_to_be_somebodys_is_that_of_a_guest(database):
    await open_shop()
    ines = await people.shopper()
    person = await ines.signed_in()
    await add(person)
    page = await person.get("/checkout")
    await end_sessions()
    await person.post("/sign-out")
    page = await person.fill(page, {"buyer": "forged", **NEW, **HOW}, form="payment_method")
    assert page.h1 == "Basket"
    assert person.cookie("checkout") is None


async def test_who_is_signed_out_with_a_full_basket_is_told_to_sign_in_and_not_that_there_is_nothing_to_order(
    database,
):
    await open_shop()
    ines = await people.shopper()
    person = await ines.signed_in()
    await add(person, "TEA", 2)
    for path in ("/checkout", "/checkout/review"):
        await end_sessions()
        page = await person.get(path)
        assert page.h1 == "Basket"
        assert TOLD in page.text
        assert "nothing to order" not in page.text
        await person.sign_in(ines.login, ines.password)
        assert (await person.get(path)).h1 == "Checkout"


async def test_who_is_signed_out_and_changes_a_quantity_signs_in_and_finds_the_basket(database):
    await open_shop()
    ines = await people.shopper()
    person = await ines.signed_in()
    basket = await add(person, "TEA", 2)
    await end_sessions()
    page = await person.fill(basket, {"quantity": "5"})
    assert page.h1 == "Sign in"
    assert TOLD in page.text
    page = await sign_in_on(page, person, ines)
    assert (page.h1, page.typed("quantity")) == ("Basket", "2")


async def test_who_was_signed_out_long_ago_may_order_as_a_guest(database):
    await open_shop()
    person = await (await people.shopper()).signed_in()
    await end_sessions()
    await add(person)
    assert (await answer(person)).h1 == "Review your order"
