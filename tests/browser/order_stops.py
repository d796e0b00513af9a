"""The pages of an order that a shopper has just placed, for accessibility and the strict policy; see stops.py."""

from app.demo.load import SHOPPER
from tests.browser.stops import Prepared, Stop
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


async def withdraw(window: Window, prepared: Prepared) -> int:
    await placed_order(window, prepared)
    return await window.follow("Withdraw from the contract", within="main")


ORDERS = [
    Stop("thanks", thanks, who=SHOPPER),
    Stop("placed-order", placed_order, who=SHOPPER),
    Stop("withdraw", withdraw, who=SHOPPER),
]
