"""The pages of the selling shop, for accessibility and the strict policy; see stops.py."""

from app.demo.load import ADMINISTRATOR
from tests.browser import stops
from tests.browser.email_and_password_stops import EMAIL_AND_PASSWORD
from tests.browser.passwordless_stops import PASSWORDLESS
from tests.browser.personal_data_stops import PERSONAL_DATA
from tests.browser.security_stops import SECURITY
from tests.browser.stops import Prepared, Stop, at, of_staff
from tests.browser.window import Window


async def filled_basket(window: Window, prepared: Prepared) -> int:
    await window.open("/products/NW-001")
    return await window.press("Add to basket")


async def checkout(window: Window, prepared: Prepared) -> int:
    await filled_basket(window, prepared)
    return await window.follow("Go to checkout", within="main")


async def checkout_with_errors(window: Window, prepared: Prepared) -> int:
    await checkout(window, prepared)
    return await window.press("Go on to the review")


async def review(window: Window, prepared: Prepared) -> int:
    await checkout(window, prepared)
    await fill_in_checkout(window, "guest@stops.example")
    return await window.press("Go on to the review")


async def fill_in_checkout(window: Window, email: str) -> None:
    """What a guest types to have something delivered in Cologne, paid by prepayment."""
    await window.fill(
        email=email,
        billing_first_name="Robin",
        billing_last_name="Keller",
        billing_street="Lindenstraße 14",
        billing_postal_code="50674",
        billing_city="Köln",
    )
    for name, value in (("shipping_method", "standard"), ("payment_method", "prepayment")):
        await window.page.locator(f"main [name={name}][value={value}]").check()


SELLING = [
    Stop("product", at("/products/NW-001")),
    Stop("product-unknown", at("/products/NW-999"), 404),
    Stop("search", at("/search?q=choclate")),
    Stop("search-nothing", at("/search?q=zzzzzz")),
    Stop("basket-empty", at("/basket")),
    Stop("basket", filled_basket),
    Stop("checkout", checkout),
    Stop("checkout-errors", checkout_with_errors, 422),
    Stop("review", review),
    Stop("right-of-withdrawal", at("/withdrawal")),
    Stop("business-product", at("/products/NW-001", "business"), application="business", who=ADMINISTRATOR),
    Stop("orders", at("/account/orders", "business"), application="business", who=ADMINISTRATOR),
    Stop("order", at("/account/orders/11011", "business"), application="business", who=ADMINISTRATOR),
    of_staff("segments", at("/segments", "back-office")),
    of_staff("new-segment", at("/segments/new", "back-office")),
    of_staff("segment", at("/segments/GOLD", "back-office")),
    of_staff("price-lists", at("/price-lists", "back-office")),
    of_staff("catalog-views", at("/catalog-views", "back-office")),
    of_staff("promotions", at("/promotions", "back-office")),
    of_staff("content", at("/content", "back-office")),
    of_staff("products", at("/products", "back-office")),
    of_staff("categories", at("/categories", "back-office")),
    of_staff("back-office-orders", at("/orders", "back-office")),
]

ALL_STOPS = [*stops.ALL_STOPS, *SELLING, *EMAIL_AND_PASSWORD, *SECURITY, *PASSWORDLESS, *PERSONAL_DATA]
