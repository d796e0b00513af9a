"""Buying as a guest in a browser: from the shelf to the confirmation by mail."""

import secrets

import pytest
from playwright.async_api import expect

from tests.browser.conftest import OpenWindow
from tests.browser.selling_stops import fill_in_checkout


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without-scripts"])
@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_guest_buys_and_gets_the_confirmation(
    open_window: OpenWindow, language: str, javascript: bool
) -> None:
    email = f"guest.{secrets.token_hex(4)}@shopper.example"
    window = await open_window(language, javascript=javascript)
    await window.open("/categories/confections")
    await window.leave_by(window.page.locator("main").get_by_role("link", name="Pavlova"))
    assert await window.heading == "Pavlova"
    await window.press("Add to basket")
    assert await window.heading == window.says("Basket")
    await window.follow("Go to checkout", within="main")
    await fill_in_checkout(window, email)
    await window.press("Go on to the review")
    assert "Lindenstraße 14" in await window.page.inner_text("main")
    await window.fill(terms=True)
    await window.press("Order with obligation to pay")
    assert await window.heading == window.says("Thank you for your order")
    mail = await window.read_mail(email, "")
    assert "Pavlova" in mail
    await window.open("/basket")
    assert "Pavlova" not in await window.page.inner_text("main")
    assert window.problems == []


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without-scripts"])
async def test_the_checkout_asks_what_the_country_of_a_new_address_needs(
    open_window: OpenWindow, javascript: bool
) -> None:
    window = await open_window("de", javascript=javascript)
    await window.open("/products/NW-001")
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    await fill_in_checkout(window, "guest.abroad@shopper.example")
    await window.fill(billing_city="Portland", billing_postal_code="97201")
    await window.fill(billing_country="US")
    if not javascript:
        assert await window.press("Change country") == 200
    await window.page.locator("select[name=billing_region]").wait_for()
    await window.fill(billing_region="OR")
    assert await window.page.input_value("[name=billing_city]") == "Portland", "what was typed stays"
    await window.press("Go on to the review")
    assert await window.heading == window.says("Review your order")
    assert "Portland" in await window.page.inner_text("main")
    assert window.problems == []


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without-scripts"])
async def test_a_new_address_is_asked_for_as_soon_as_it_is_chosen_and_only_then(
    open_window: OpenWindow, javascript: bool
) -> None:
    window = await open_window(javascript=javascript)
    await window.open("/products/NW-001")
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    street = window.page.locator("[name=shipping_street]")
    await expect(street).to_be_hidden()
    await window.page.locator("[name=shipping_choice][value=new]").check()
    await expect(street).to_be_visible()
    await street.fill("Lindenstraße 14")
    await window.page.locator("[name=shipping_choice][value=same]").check()
    await expect(street).to_be_hidden()
    assert window.problems == []
