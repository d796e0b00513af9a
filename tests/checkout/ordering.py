"""Ordering as people do it: a shop with a few products and deliveries, and the way from basket to thanks."""

from app.checkout.shipping import ShippingMethod, save_shipping_method
from app.marketing.edit_promotions import PromotionDraft, create_promotion
from app.marketing.promotions import PromotionTarget
from tests.browser_like import Person, SeenPage
from tests.catalog.shelf import EVERYONE, Shelf, shelf

GUEST = {
    "email": "guest@example.com",
    "billing_first_name": "Gerda",
    "billing_last_name": "Gast",
    "billing_street": "Ring 1",
    "billing_postal_code": "10115",
    "billing_city": "Berlin",
    "billing_country": "DE",
}
HOW = {"shipping_method": "parcel", "payment_method": "invoice"}


async def open_shop() -> Shelf:
    """A shop with two products and a delivery for everyone: 5 EUR net, free from 200 EUR on."""
    shop = await shelf()
    await shop.product("TEA", "Tea", price=1000, stock=50)
    await shop.product("COFFEE", "Coffee", price=2000, stock=50)
    await deliver()
    return shop


async def deliver() -> None:
    """The delivery of the tests."""
    await save_shipping_method(
        ShippingMethod(
            id="parcel", names={"en": "Parcel", "de": "Paket"}, price=500, free_from=20000, position=1
        )
    )


async def code_for_one_order() -> None:
    """A promotion of 1 EUR by the code ONCE, which is used up by the first order."""
    await create_promotion(
        "once",
        PromotionDraft(
            names={"en": "Only once"},
            applies_to=PromotionTarget.ORDER,
            amount_off=100,
            code="ONCE",
            limit_total=1,
            segments=frozenset({EVERYONE}),
        ),
    )


async def add(person: Person, sku: str = "TEA", quantity: object = 1) -> SeenPage:
    """Puts a product into the basket."""
    return await person.post("/basket/lines", {"sku": sku, "quantity": quantity})


async def answer(person: Person, **fields: str) -> SeenPage:
    """Answers the checkout; a guest with the address of GUEST. The review, or the form with its errors."""
    page = await person.get("/checkout")
    assert page.h1 == "Checkout", page.main
    is_guest = page.tree.find(".//input[@name='email']") is not None
    return await person.fill(page, {**(GUEST if is_guest else {}), **HOW, **fields}, form="payment_method")


async def order(person: Person, *skus: str, **fields: str) -> str:
    """Orders one piece of each product; the number of the order."""
    for sku in skus or ("TEA",):
        await add(person, sku)
    page = await answer(person, **fields)
    assert page.h1 == "Review your order", page.main
    return number_on(await place(person, page))


async def place(person: Person, review: SeenPage, **fields: str) -> SeenPage:
    """Accepts the terms and presses the last button."""
    return await person.fill(review, {"terms": "on", **fields}, form="idempotency_key")


def number_on(page: SeenPage) -> str:
    """The number that the page of thanks tells."""
    assert page.h1 == "Thank you for your order", page.main
    return page.path.split("/")[-2]
