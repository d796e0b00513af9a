"""The pages of an order that a shopper has just placed, for accessibility and the strict policy; see stops.py."""

from app.demo.load import ADMINISTRATOR, SHOPPER
from tests.browser.stops import Prepared, Stop, at
from tests.browser.window import Window


async def thanks(window: Window, prepared: Prepared) -> int:
    """Orders as a shopper with an address of their own."""
    await window.open("/products/NW-003")
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    for name, value in (("shipping_method", "standard"), ("payment_method", "invoice")):
        await window.page.locator(f"main [name={name}][value={value}]").check()
    await window.press("Go on to the review")
    await window.fill(terms=True)
    return await window.press("Order with obligation to pay")


async def placed_order(window: Window, prepared: Prepared) -> int:
    await thanks(window, prepared)
    return await window.follow("See your order", within="main")


async def invoice_to_come(window: Window, prepared: Prepared) -> int:
    """The address of the invoice before the shop has confirmed the order."""
    await placed_order(window, prepared)
    return await window.open(window.page.url.partition("?")[0] + "/invoice")


async def withdraw(window: Window, prepared: Prepared) -> int:
    await placed_order(window, prepared)
    return await window.follow("Withdraw from the contract", within="main")


ORDERS = [
    Stop("thanks", thanks, who=SHOPPER),
    Stop("placed-order", placed_order, who=SHOPPER),
    Stop("invoice-to-come", invoice_to_come, 404, who=SHOPPER),
    Stop("withdraw", withdraw, who=SHOPPER),
    Stop(
        "orders-found",
        at("/account/orders?q=10&state=shipped&from=1990-01-01", "business"),
        application="business",
        who=ADMINISTRATOR,
    ),
    Stop(
        "orders-not-found",
        at("/account/orders?q=nothing&from=x", "business"),
        application="business",
        who=ADMINISTRATOR,
    ),
]
