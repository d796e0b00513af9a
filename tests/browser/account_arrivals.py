"""How the people come who walk through the account: newcomers, so that no demo login changes."""

import secrets

from app.demo.load import CONTRACT_BUYER, STAFF
from tests.browser.account_walk import AccountWalk
from tests.browser.conftest import OpenWindow
from tests.browser.selling_stops import fill_in_checkout
from tests.browser.stops import OWN_PASSWORD, proven
from tests.browser.window import Window
from tests.test_routes import BUYER, CUSTOMER


async def new_shopper(
    open_window: OpenWindow,
    window_of: OpenWindow,
    language: str,
    *,
    javascript: bool,
    orders_before_registering: bool = False,
) -> AccountWalk:
    """Somebody who registers, perhaps after ordering as a guest, and is signed in."""
    window = await open_window(language, javascript=javascript)
    email = f"walker.{secrets.token_hex(4)}@stops.example"
    walk = AccountWalk(
        window, await window_of(STAFF, "back-office", language), "shop", email, CUSTOMER, javascript
    )
    if orders_before_registering:
        await _order_as_guest(window, email)
    await window.open("/register/individual")
    await window.fill(
        email=email,
        password=OWN_PASSWORD,
        first_name="Wanda",
        last_name="Walker",
        preferred_language=language,
        terms=True,
    )
    await window.press("Create account")
    await walk.open_link_of_mail("/verify-email?")
    await window.press("Confirm e-mail address")
    await walk.sign_in()
    return walk


async def new_buyer(
    open_window: OpenWindow, window_of: OpenWindow, language: str, *, javascript: bool
) -> AccountWalk:
    """Somebody whom a company invites as a buyer, with a limit; signed in. The company has a contract."""
    window = await open_window(language, javascript=javascript)
    email = f"walker.{secrets.token_hex(4)}@quick.example"
    walk = AccountWalk(
        window, await window_of(STAFF, "back-office", language), "business", email, BUYER, javascript
    )
    administrator = await window_of(CONTRACT_BUYER, "business", language)
    await proven(administrator, await administrator.open("/account/users/invite", "business"))
    await administrator.fill(
        email=email,
        first_name="Willem",
        last_name="Walker",
        order_limit="200",
        language=language,
    )
    await administrator.page.locator("main [name=roles][value=buyer]").check()
    assert await administrator.press("Send invitation") == 200
    await walk.open_link_of_mail("/invitations?")
    await window.fill(password=OWN_PASSWORD)
    await window.leave_by(window.page.locator("main form button.button--primary"))
    await walk.sign_in()
    return walk


async def order(walk: AccountWalk, sku: str, button: str) -> None:
    """Orders one piece of a product to an address of the account, by the button of the review."""
    window = walk.window
    await window.open(f"/products/{sku}", walk.application)
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    for name, value in (("shipping_method", "standard"), ("payment_method", "invoice")):
        await window.page.locator(f"main [name={name}][value={value}]").check()
    await window.press("Go on to the review")
    await window.fill(terms=True)
    assert await window.press(button) == 200


async def _order_as_guest(window: Window, email: str) -> None:
    await window.open("/products/NW-036")
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    await fill_in_checkout(window, email)
    await window.press("Go on to the review")
    await window.fill(terms=True)
    assert await window.press("Order with obligation to pay") == 200
