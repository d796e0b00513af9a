"""A shopper and a company's buyer look after their account, in both languages, with and without scripts."""

import pytest
from playwright.async_api import expect

from app.demo.load import ADMINISTRATOR, BUYER, SHOPPER, STAFF
from tests.browser.conftest import OpenWindow
from tests.browser.looking import NARROWEST, STICKING_OUT, note_violations

WAYS = [(language, javascript) for language in ("en", "de") for javascript in (True, False)]
PEOPLE = [(SHOPPER, "shop"), (BUYER, "business")]


@pytest.mark.parametrize(("language", "javascript"), WAYS)
@pytest.mark.parametrize(("login", "application"), PEOPLE, ids=["shopper", "buyer"])
async def test_somebody_looks_after_profile_and_addresses(
    window_of: OpenWindow, login: str, application: str, language: str, javascript: bool
) -> None:
    window = await window_of(login, application, language, javascript=javascript)
    await window.open("/account", application)
    assert await window.sees("Last orders")
    assert await window.follow("Profile", within="main nav") == 200
    await window.fill(fax="+49 221 4710124")
    assert await window.press("Save profile") == 200
    assert await window.sees("Your profile is saved.")

    assert await window.follow("Addresses", within="main nav") == 200
    assert await window.follow("Add address", within="main") == 200
    await window.fill(country="US", street="9 Canon Drive")
    if javascript:
        # Another country asks for its own fields as soon as it is chosen.
        await window.page.wait_for_selector("select[name=region]")
    else:
        assert await window.press("Change country") == 200
    assert await window.page.input_value("[name=street]") == "9 Canon Drive"
    await window.fill(city="Beverly Hills", region="CA", postal_code="1")
    assert await window.press("Save address") == 422
    await window.fill(postal_code="90210")
    assert await window.press("Save address") == 200
    assert "Beverly Hills, CA 90210" in await window.page.inner_text("main")

    newest = window.page.locator("main article").last
    await window.leave_by(newest.get_by_role("link", name=window.says("Delete address")))
    assert await window.press("Delete address") == 200
    assert await window.sees("The address is deleted.")
    assert window.problems == []


@pytest.mark.parametrize(("language", "javascript"), [("en", True), ("de", False)])
@pytest.mark.parametrize(
    ("login", "application", "path", "within", "here", "there"),
    [
        (SHOPPER, "shop", "/account/addresses/new", "main nav", "Addresses", "Security"),
        (ADMINISTRATOR, "business", "/account/users", "main nav", "Users", "Requisitions"),
        (STAFF, "back-office", "/contracts", "header nav", "Contracts", "Organisations"),
        (STAFF, "back-office", "/customers/ALFKI/users", "main nav.side-navigation", "Users", "Addresses"),
    ],
    ids=["shopper", "administrator", "staff", "staff-at-a-customer"],
)
async def test_on_a_phone_a_long_navigation_is_a_menu_that_says_where_one_is(
    window_of: OpenWindow,
    login: str,
    application: str,
    path: str,
    within: str,
    here: str,
    there: str,
    language: str,
    javascript: bool,
) -> None:
    window = await window_of(login, application, language, javascript=javascript, width=390)
    if javascript:  # axe is a script
        window.arrived = note_violations
    await window.open(path, application)
    links = window.page.locator(within).get_by_role("link")
    assert await links.all_inner_texts() == [window.says(here)]
    await window.open_menu(within)
    assert await links.count() > 6
    if javascript:
        await note_violations(window)
        await window.page.set_viewport_size({"width": NARROWEST, "height": 900})
        assert await window.page.evaluate(STICKING_OUT) == []
    await window.open(path, application)
    assert await window.follow(there, within=within) == 200
    assert await links.all_inner_texts() == [window.says(there)], "the menu is closed again"

    await window.page.set_viewport_size({"width": 1280, "height": 900})
    assert await links.count() > 6, "a wide screen shows all of it"
    assert not await window.page.locator(within).locator("summary").is_visible()
    assert window.problems == []


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without-scripts"])
async def test_another_country_orders_its_fields_anew_and_keeps_what_stands_in_them(
    window_of: OpenWindow, javascript: bool
) -> None:
    """Also what was stored before, where scripts exchange the fields below the country."""
    window = await window_of(SHOPPER, "shop", javascript=javascript)
    await window.open("/account/addresses")
    await window.leave_by(window.page.get_by_role("link", name=window.says("Edit address")).first)
    street = await window.page.input_value("[name=street]")
    assert street
    await window.fill(street_2="c/o Tanaka")
    fields = window.page.locator("#fields-of-country input, #fields-of-country select")
    for country, order in (
        ("JP", ["postal_code", "region", "street", "street_2"]),
        ("HU", ["city", "street", "street_2", "postal_code"]),
        ("US", ["street", "street_2", "city", "region", "postal_code"]),
    ):
        await window.page.focus("[name=country]")
        await window.fill(country=country)
        if javascript:
            # Several countries end with the same field; none of these begins with that of the one before.
            await expect(fields.first).to_have_attribute("name", order[0])
            assert await window.page.evaluate("document.activeElement.name") == "country", "the focus stays"
        else:
            assert await window.press("Change country") == 200
        names = await fields.evaluate_all("all => all.map((one) => one.name)")
        assert names == order, country
        assert await window.page.input_value("[name=street]") == street, country
        assert await window.page.input_value("[name=street_2]") == "c/o Tanaka", country
    assert window.problems == []
