"""The pages of the selling shop, for accessibility and the strict policy; see stops.py."""

from app.demo.load import ADMINISTRATOR
from tests.browser import stops
from tests.browser.company_user_stops import COMPANY_USERS
from tests.browser.contract_stops import CONTRACTS
from tests.browser.email_and_password_stops import EMAIL_AND_PASSWORD
from tests.browser.invitation_stops import INVITATIONS
from tests.browser.moving_stops import MOVING
from tests.browser.number_order_stops import NUMBER_ORDERS
from tests.browser.order_stops import ORDERS
from tests.browser.passwordless_stops import PASSWORDLESS
from tests.browser.personal_data_stops import PERSONAL_DATA
from tests.browser.requisition_stops import REQUISITIONS
from tests.browser.security_stops import SECURITY
from tests.browser.stops import Prepared, Stop, at, at_proven, of_staff, proven, sent
from tests.browser.window import Window
from tests.catalog.photos import photo


async def refused_quantity(window: Window, prepared: Prepared) -> int:
    await window.open("/products/NW-001")
    await window.fill(quantity="99999")
    return await window.press("Add to basket")


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


async def first_of(window: Window, path: str) -> int:
    """The page of the first line of a list."""
    await window.open(path, "back-office")
    return await window.leave_by(window.page.locator("tbody tr").first.get_by_role("link"))


async def a_staff_member(window: Window, prepared: Prepared) -> int:
    return await proven(window, await first_of(window, "/staff"))


async def a_category(window: Window, prepared: Prepared) -> int:
    return await first_of(window, "/categories")


async def a_price_entry(window: Window, prepared: Prepared) -> int:
    return await first_of(window, "/price-lists/AllConsumersPriceList/entries")


async def edited_by_two(window: Window, prepared: Prepared) -> int:
    """Two windows change one shipping method: the slower one sees what is stored now."""
    path = "/shipping-methods/express"
    other = Window(await window.page.context.new_page(), window.url, window.language)
    await window.open(path, "back-office")
    await other.open(path, "back-office")
    is_one = await other.page.input_value("[name=position]") == "20"
    await other.fill(position="21" if is_one else "20")
    await other.press("Save")
    await other.page.close()
    await window.fill(position="30")
    return await window.press("Save")


async def chosen_picture(window: Window, prepared: Prepared) -> int:
    """A picture was chosen for a product, and another field has to be corrected before it is kept."""
    await window.open("/products/NW-001", "back-office")
    await window.page.set_input_files(
        "[name=picture_file]", {"name": "tea.jpg", "mimeType": "image/jpeg", "buffer": photo(1400, 900)}
    )
    await window.fill(stock="many")
    status = await window.press("Save")
    shown = window.page.locator(".picture-choice img")
    assert await shown.evaluate("one => one.decode().then(() => one.naturalWidth)")
    return status


async def chosen_picture_of_a_category(window: Window, prepared: Prepared) -> int:
    """The same for a category."""
    await a_category(window, prepared)
    await window.page.set_input_files(
        "[name=picture_file]", {"name": "teas.jpg", "mimeType": "image/jpeg", "buffer": photo(900, 1400)}
    )
    await window.fill(position="first")
    return await window.press("Save")


SELLING = [
    Stop("product", at("/products/NW-001")),
    Stop("product-unknown", at("/products/NW-999"), 404),
    Stop("search", at("/search?q=choclate")),
    Stop("search-nothing", at("/search?q=zzzzzz")),
    Stop("product-refused-quantity", refused_quantity, 422),
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
    *(
        of_staff(f"segment-{tab}", at(f"/segments/GOLD/{tab}", "back-office"))
        for tab in ("rule", "customers", "price-lists", "catalog-views")
    ),
    of_staff("price-lists", at("/price-lists", "back-office")),
    of_staff("catalog-views", at("/catalog-views", "back-office")),
    of_staff("promotions", at("/promotions", "back-office")),
    of_staff("content", at("/content", "back-office")),
    of_staff("products", at("/products", "back-office")),
    of_staff("back-office-product", at("/products/NW-001", "back-office")),
    of_staff("product-with-chosen-picture", chosen_picture, 422),
    of_staff("categories", at("/categories", "back-office")),
    of_staff("back-office-orders", at("/orders", "back-office")),
    of_staff("back-office-category", a_category),
    of_staff("category-with-chosen-picture", chosen_picture_of_a_category, 422),
    of_staff("price-entry", a_price_entry),
    of_staff("shipping-methods", at("/shipping-methods", "back-office")),
    of_staff("new-shipping-method", at("/shipping-methods/new", "back-office")),
    of_staff("new-shipping-method-errors", sent("/shipping-methods/new", "Save", "back-office"), 422),
    of_staff("shipping-method-edited-by-two", edited_by_two, 409),
    of_staff("tax-rates", at("/tax-rates", "back-office")),
    of_staff("tax-rates-of-country", at("/tax-rates/DE", "back-office")),
    of_staff("new-tax-rates", at("/tax-rates/new", "back-office")),
    of_staff("delete-tax-rates", at("/tax-rates/DE/delete", "back-office")),
    of_staff("delete-other-tax-rates", at("/tax-rates/other-member-states/delete", "back-office")),
    of_staff("segmentation-services", at("/segmentation-services", "back-office")),
    of_staff("segmentation-service", at("/segmentation-services/shop/standard", "back-office")),
    of_staff("staff-members", at("/staff", "back-office")),
    of_staff("staff-member", a_staff_member),
    of_staff("new-staff-member", at_proven("/staff/new", "back-office")),
    of_staff("new-staff-member-errors", sent("/staff/new", "Add", "back-office", email="x"), 422),
    *(
        of_staff(f"customer-{tab}", at(f"/customers/ALFKI/{tab}", "back-office"))
        for tab in (
            "users",
            "addresses",
            "orders",
            "segments",
            "price-lists",
            "catalog-views",
            "history",
            "number",
        )
    ),
]

ALL_STOPS = [
    *stops.ALL_STOPS,
    *SELLING,
    *ORDERS,
    *EMAIL_AND_PASSWORD,
    *SECURITY,
    *PASSWORDLESS,
    *PERSONAL_DATA,
    *COMPANY_USERS,
    *REQUISITIONS,
    *INVITATIONS,
    *CONTRACTS,
    *MOVING,
    *NUMBER_ORDERS,
]
