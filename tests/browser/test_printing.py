"""Paper: an order can be printed as it is, from every device (pages.md)."""

import re

import pytest

from app.demo.load import ADMINISTRATOR
from tests.browser.conftest import OpenWindow

# So many pixels a browser makes of the width of A4 between its margins.
PAPER = 718
LIGHT = "one => getComputedStyle(one).backgroundColor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_printed_order_names_the_shop_is_light_and_shows_nothing_to_press(
    window_of: OpenWindow, scheme: str
) -> None:
    window = await window_of(ADMINISTRATOR, "business", width=PAPER)
    await window.open("/account/orders/11011", "business")
    page = window.page
    await page.emulate_media(media="print", color_scheme=scheme)  # type: ignore[arg-type]
    assert await page.locator(".brand").is_visible()
    for hidden in (".side-navigation", ".site-navigation", ".site-footer", ".search-box", "main .button"):
        assert await page.locator(f"{hidden}:visible").count() == 0, hidden
    background = await page.locator("main .table").evaluate(LIGHT)
    assert min(int(one) for one in re.findall(r"\d+", background)[:3]) > 230, background
    heading = page.locator("main .table thead th").first
    assert (await heading.bounding_box() or {}).get("width", 0) > 1, "a table stays one on paper"
