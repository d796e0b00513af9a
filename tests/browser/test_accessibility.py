"""Every page can be used by everybody: by eye, ear, keyboard, on a small screen, in light and dark (WCAG 2.2 AA)."""

import pytest
from playwright.async_api import Route

from app.demo.load import SHOPPER
from tests.browser.conftest import OpenWindow
from tests.browser.looking import is_locked_in_orientation
from tests.browser.window import Window

TURNING = "@media (orientation: landscape) { body { transform: rotate(90deg) } }"
# Where the keyboard is: the text of what has the focus.
FOCUSED = """() => {
  const one = document.activeElement;
  return one === document.body ? "" : (one.innerText || one.getAttribute("aria-label") || one.name).trim();
}"""
# Whether an outline of at least 2 px shows it, around itself or around the card that it stands for.
IS_SEEN = """() => {
  for (let one = document.activeElement; one && one !== document.body; one = one.parentElement) {
    const style = getComputedStyle(one);
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2) return true;
  }
  return false;
}"""
# All that can be reached, in the order of reading.
REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")]
  .filter((one) => one.type !== "hidden" && !one.disabled && one.checkVisibility() && one.tabIndex >= 0)
  .map((one) => { one.dataset.seen = "no"; return one; }).length"""
TICK_OFF = """() => {
  const one = document.activeElement;
  const reachable = [...document.querySelectorAll("[data-seen]")];
  if (one.dataset.seen === "no") one.dataset.seen = "yes";
  return reachable.indexOf(one);
}"""


async def test_the_page_says_its_language(open_window: OpenWindow) -> None:
    for language in ("en", "de"):
        window = await open_window(language)
        await window.open("/sign-in")
        assert await window.page.get_attribute("html", "lang") == language
        assert await window.heading == window.says("Sign in")


async def test_the_page_may_be_held_upright_and_across(open_window: OpenWindow) -> None:
    window = await open_window(width=390)
    await window.open("/")
    assert not await is_locked_in_orientation(window.page)

    async def with_turning(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=await answer.text() + TURNING)

    await window.page.route("**/*.css", with_turning)
    await window.open("/")
    assert await is_locked_in_orientation(window.page), "it would have been found"


async def test_the_first_tab_stop_skips_to_the_content(open_window: OpenWindow) -> None:
    window = await open_window()
    await window.open("/register/individual")
    await window.page.keyboard.press("Tab")
    assert await window.page.evaluate(FOCUSED) == "Skip to the content"
    box = await window.page.locator(".skip-link").bounding_box()
    assert box is not None
    assert box["y"] >= 0, "the link can be seen while it has the focus"
    await window.page.keyboard.press("Enter")
    await window.page.keyboard.press("Tab")
    assert await window.page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize("path", ["/", "/register/individual", "/sign-in", "/account/addresses/new"])
async def test_everything_is_reached_by_tab_in_order_and_the_focus_is_seen(
    path: str, window_of: OpenWindow, open_window: OpenWindow
) -> None:
    window = await (window_of(SHOPPER, "shop") if path.startswith("/account") else open_window())
    await window.open(path)
    reachable = await window.page.evaluate(REACHABLE)
    places = []
    for _ in range(reachable):
        # A date has several parts, each with a tab stop of its own.
        for _part in range(5):
            await window.page.keyboard.press("Tab")
            place = await window.page.evaluate(TICK_OFF)
            if not places or place != places[-1]:
                break
        assert await window.page.evaluate(IS_SEEN), await window.page.evaluate(FOCUSED)
        places.append(place)
    assert places == list(range(reachable))


async def test_the_focus_moves_to_the_summary_of_errors_whose_links_lead_to_the_fields(
    open_window: OpenWindow,
) -> None:
    window = await open_window("de")
    await window.open("/register/individual")
    assert await window.press("Create account") == 422
    assert await window.page.evaluate("'errorSummary' in document.activeElement.dataset")
    await window.page.locator("[data-error-summary] a[href='#field-last_name']").click()
    assert await window.page.evaluate("document.activeElement.name") == "last_name"


@pytest.mark.parametrize("javascript", [True, False], ids=["with-scripts", "without-scripts"])
async def test_a_form_with_an_error_keeps_what_was_typed_but_no_password(
    open_window: OpenWindow, javascript: bool
) -> None:
    window = await open_window(javascript=javascript)
    await window.open("/register/smb", "business")
    typed = {
        "first_name": "Zoë",
        "last_name": "O’Neill",
        "company_name": "Fish & <Chips>",
        "email": "not an e-mail",
        "phone": "0221 4710123",
        "industry": "retail",
        "address_street": "Lindenstraße 14",
        "address_postal_code": "wrong",
        "address_city": "Köln",
    }
    await window.fill(**typed, password="a long walk by the sea", newsletter=True)
    assert await window.press("Create account") == 422
    for name, value in typed.items():
        assert await window.page.input_value(f"main [name='{name}']") == value
    assert await window.page.is_checked("[name=newsletter]")
    assert not await window.page.is_checked("[name=terms]")
    assert await window.page.input_value("[name=password]") == ""


async def test_a_password_can_be_shown_and_is_hidden_again_when_sent(open_window: OpenWindow) -> None:
    window = await open_window()
    await window.open("/sign-in")
    await window.fill(login="nobody@stops.example", password="typed with care")
    field = window.page.locator("[name=password]")
    await window.page.get_by_role("button", name="Show password").click()
    assert await field.get_attribute("type") == "text"
    await window.page.get_by_role("button", name="Hide password").click()
    assert await field.get_attribute("type") == "password"


async def test_a_question_in_a_dialog_can_be_answered_by_keyboard(window_of: OpenWindow) -> None:
    window: Window = await window_of("admin@example.com", "back-office")
    await window.open("/customers/WOLZA", "back-office")
    await window.choose_language()
    opener = window.page.get_by_role("button", name=window.says("Disable customer")).first
    await opener.focus()
    await window.page.keyboard.press("Enter")
    dialog = window.page.get_by_role("dialog")
    await dialog.wait_for()
    assert await window.page.evaluate(FOCUSED) == window.says("Cancel"), "nothing happens by a stray Enter"
    await window.page.keyboard.press("Escape")
    await dialog.wait_for(state="hidden")
    assert await window.page.evaluate(FOCUSED) == window.says("Disable customer"), (
        "the focus is where it was before"
    )
    assert window.path == "/back-office/customers/WOLZA"
