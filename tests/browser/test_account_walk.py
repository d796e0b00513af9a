"""A shopper and a company's buyer each walk through every page of their account, with and without scripts."""

import re
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from app.demo.load import BUYER, PASSWORD, SHOPPER
from tests.browser.conftest import OpenWindow
from tests.browser.looking import AXE
from tests.browser.window import PREFIXES, Window
from tests.test_routes import routes

WAYS = [(language, javascript) for language in ("en", "de") for javascript in (True, False)]
PEOPLE = [(SHOPPER, "shop"), (BUYER, "business")]
# Pages that need something these two do not have; other tests of the browser or of the pages reach them.
NOT_ON_THE_WAY = {
    "own_data_archive": "needs an export that staff have carried out",
    "passkey": "needs a passkey, which only a script can make",
    "remove_authenticator": "needs an authenticator",
    "recovery_codes": "needs an authenticator",
    "invoice": "a document, and only of an order that the shop has confirmed",
    "cancellation_invoice": "a document, and only of an order that was cancelled later",
    "withdraw_order": "only for consumers, and for some days",
    "delete_address": "only of an address that may go",
}
OF_DOCUMENTS = ("/invoice", "/cancellation-invoice", "/archive")


async def prove_again(window: Window) -> None:
    """Types the password where a page asks again who one is."""
    if window.path.endswith("/sign-in/again"):
        await window.fill(password=PASSWORD)
        await window.press("Continue")


async def have_an_order_and_an_address(window: Window, application: str) -> None:
    """Orders and enters an address where that was not done before."""
    await window.open("/account/orders", application)
    if not [one for one in await links_into_the_account(window, "") if "/orders/" in one]:
        await window.open("/products/NW-003", application)
        await window.press("Add to basket")
        await window.follow("Go to checkout", within="main")
        for name, value in (("shipping_method", "standard"), ("payment_method", "invoice")):
            await window.page.locator(f"main [name={name}][value={value}]").check()
        await window.press("Go on to the review")
        await window.fill(terms=True)
        assert await window.press("Order with obligation to pay") == 200
    await window.open("/account/addresses/new", application)
    await window.fill(street="Hafenstraße 7", postal_code="20457", city="Hamburg")
    assert await window.press("Save address") == 200


async def links_into_the_account(window: Window, prefix: str) -> list[str]:
    """The paths of the account to which the page's content links."""
    found = await window.page.locator("main a[href]").evaluate_all(
        "links => links.filter((one) => !one.download).map((one) => one.href)"
    )
    paths = [urlsplit(one).path for one in found]
    return [
        one
        for one in paths
        if "/account" in one and one.startswith(prefix) and not one.endswith(OF_DOCUMENTS)
    ]


@pytest.mark.parametrize(("language", "javascript"), WAYS)
@pytest.mark.parametrize(("login", "application"), PEOPLE, ids=["shopper", "buyer"])
async def test_somebody_walks_through_every_page_of_the_account(
    window_of: OpenWindow, login: str, application: str, language: str, javascript: bool
) -> None:
    window = await window_of(login, application, language, javascript=javascript)
    prefix = PREFIXES[application]
    expected = {
        one.name: re.compile(prefix + re.sub(r"\{\w+:\w+\}", "[^/]+", one.path))
        for one in routes()
        if one.application == application and one.method == "GET" and one.path.startswith("/account")
    }
    await have_an_order_and_an_address(window, application)
    seen: dict[str, str] = {}
    waiting = [f"{prefix}/account"]
    while waiting:
        path = waiting.pop(0)
        # A fixed part of an address comes before one that stands for anything.
        fitting = [name for name, pattern in expected.items() if pattern.fullmatch(path)]
        name = min(fitting, key=lambda one: expected[one].pattern.count("[^/]+"))
        if name in seen:
            continue
        seen[name] = path
        answer = await window.page.goto(window.url + path)
        await prove_again(window)
        assert answer is not None
        assert answer.status == 200, path
        assert window.path == path
        assert await window.page.get_attribute("html", "lang") == language, path
        assert await window.page.locator("h1").count() == 1, path
        waiting += await links_into_the_account(window, prefix)
        if javascript:
            await window.page.evaluate(AXE_SCRIPT)
            violations = (await window.page.evaluate(AXE))["violations"]
            assert [(one["id"], one["nodes"][0]["html"][:200]) for one in violations] == [], path
    assert set(expected) - set(seen) - set(NOT_ON_THE_WAY) == set()
    assert window.problems == []
