"""Help while a password is typed, in a real browser under the strict policy."""

import pytest

from app.demo.load import SHOPPER
from tests.browser.conftest import OpenWindow

MEADOW = "seven green bottles hanging"


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_registering_person_is_told_while_typing(open_window: OpenWindow, language: str) -> None:
    window = await open_window(language)
    await window.open("/register/individual")
    place = window.page.locator("#strength-of-password")
    for typed, name in (("abc", "Very weak"), (MEADOW, "Strong")):
        await window.page.locator("[name=password]").press_sequentially(typed)
        await place.get_by_text(window.says(name)).first.wait_for()
        await window.page.locator("[name=password]").fill("")
    assert window.problems == []


async def test_nothing_but_the_help_is_replaced_while_typing(window_of: OpenWindow) -> None:
    window = await window_of(SHOPPER, "shop")
    await window.open("/account/password")
    await window.page.locator("[name=current_password]").fill("what was typed before")
    await window.page.locator("[name=password]").press_sequentially(MEADOW)
    await window.page.locator("#strength-of-password meter").wait_for()
    assert await window.page.locator("[name=password]").input_value() == MEADOW
    assert await window.page.locator("[name=current_password]").input_value() == "what was typed before"
    assert await window.page.locator("h1").count() == 1
    assert window.problems == []


async def test_a_form_that_was_open_for_too_long_shows_no_error_page_below_the_field(
    open_window: OpenWindow,
) -> None:
    window = await open_window()
    await window.open("/register/individual")
    await window.page.context.clear_cookies()
    async with window.page.expect_response("**/password-strength*") as answered:
        await window.page.locator("[name=password]").press_sequentially(MEADOW)
    assert (await answered.value).status == 403
    await window.page.wait_for_timeout(200)
    assert await window.page.locator("h1").count() == 1


async def test_without_scripts_the_help_is_simply_not_there(open_window: OpenWindow) -> None:
    window = await open_window(javascript=False)
    await window.open("/register/individual")
    await window.page.locator("[name=password]").press_sequentially(MEADOW)
    assert await window.page.locator("#strength-of-password").inner_text() == ""


@pytest.mark.parametrize("language", ["en", "de"])
async def test_at_four_times_the_size_a_long_password_can_still_be_read(
    open_window: OpenWindow, language: str
) -> None:
    # 1280 pixels enlarged to 400 % are 320 (WCAG 2.2, 1.4.10).
    window = await open_window(language, width=320)
    await window.open("/sign-in")
    field = window.page.locator("[name=password]")
    await window.page.locator(".field__reveal").click()
    await field.fill("a" * 15)
    assert await field.evaluate("one => one.scrollWidth <= one.clientWidth")
    assert window.problems == []
