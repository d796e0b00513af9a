"""The strict policy holds everywhere: nothing is refused, nothing fails, nothing comes from elsewhere; htmx works."""

import pytest

from app.demo.load import SHOPPER
from tests.browser.conftest import OpenWindow


async def test_an_injected_script_does_not_run(open_window: OpenWindow) -> None:
    """The policy is really in force: what these tests find quiet would be loud."""
    window = await open_window()
    await window.open("/")
    # The script is refused at once, the picture as soon as it is asked for.
    async with window.page.expect_console_message(lambda message: "picture.png" in message.text):
        await window.page.evaluate(
            """() => {
              const script = document.createElement("script");
              script.textContent = "document.title = 'taken over'";
              document.body.append(script);
              const picture = document.createElement("img");
              picture.src = "https://elsewhere.example/picture.png";
              document.body.append(picture);
            }"""
        )
    assert await window.page.title() != "taken over"
    assert len([one for one in window.problems if "Content Security Policy" in one]) == 2


@pytest.mark.parametrize(
    ("who", "path", "prefix"),
    [("", "/register/individual", "address_"), (SHOPPER, "/account/addresses/new", "")],
    ids=["registration", "account"],
)
async def test_with_scripts_another_country_changes_only_its_fields(
    who: str, path: str, prefix: str, window_of: OpenWindow, open_window: OpenWindow
) -> None:
    window = await (window_of(who, "shop") if who else open_window("de"))
    await window.open(path)
    page = window.page
    assert await page.evaluate("typeof htmx") == "object"
    pages: list[str] = []
    page.on(
        "request", lambda request: pages.append(request.url) if request.resource_type == "document" else None
    )
    await window.fill(
        **{f"{prefix}country": "DE", f"{prefix}street": "410 Maple Avenue", f"{prefix}city": "Portland"}
    )
    await page.focus(f"[name='{prefix}country']")
    async with page.expect_response(lambda response: "/address-fields" in response.url) as fetched:
        await window.fill(**{f"{prefix}country": "US"})
    assert (await fetched.value).ok
    region = page.locator(f"select[name='{prefix}region']")
    await region.wait_for()
    assert await page.evaluate("document.activeElement.name") == f"{prefix}country", "the focus stays"
    await region.select_option("OR")
    assert await page.input_value(f"[name='{prefix}street']") == "410 Maple Avenue"
    assert await page.input_value(f"[name='{prefix}city']") == "Portland", "what was typed stays"
    assert pages == [], "the page itself is not fetched again"
    assert window.problems == []


@pytest.mark.parametrize(
    ("who", "path", "prefix"),
    [("", "/register/individual", "address_"), (SHOPPER, "/account/addresses/new", "")],
    ids=["registration", "account"],
)
async def test_without_scripts_a_button_changes_the_country(
    who: str, path: str, prefix: str, window_of: OpenWindow, open_window: OpenWindow
) -> None:
    if who:
        window = await window_of(who, "shop", javascript=False)
    else:
        window = await open_window("de", javascript=False)
    await window.open(path)
    await window.choose_language()
    await window.fill(
        **{f"{prefix}country": "US", f"{prefix}street": "410 Maple Avenue", "first_name": "Noah"}
    )
    assert await window.press("Change country") == 200
    await window.fill(**{f"{prefix}region": "OR"})
    assert await window.page.input_value(f"[name='{prefix}street']") == "410 Maple Avenue"
    assert await window.page.input_value("[name=first_name]") == "Noah"
    assert await window.page.locator(".error-summary").count() == 0
    assert window.problems == []
