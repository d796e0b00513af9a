"""The header of the shops is in order at every width: for the keyboard, for fingers, and without pushing the page."""

from itertools import pairwise
from typing import Any

import pytest

from app.demo.load import ADMINISTRATOR, SHOPPER
from tests.browser.conftest import OpenWindow

WIDTHS = (320, 390, 600, 768, 1024, 1280, 1600)
# Where all that can be reached in the header stands, in the order of the keyboard.
REACHED = """() => [...document.querySelectorAll(".site-header :is(a[href], button, input:not([type=hidden]))")]
  .map((one) => {
    const box = one.getBoundingClientRect();
    return { name: one.textContent.trim() || one.name, left: box.left, right: box.right, top: box.top,
      bottom: box.bottom, height: box.height, width: box.width };
  })"""
WIDER_THAN_THE_WINDOW = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
# WCAG 2.2, 2.5.8 Target Size.
LEAST = 24


def comes_after(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether a reader comes to the other one later: further on in the same row, or in a row below."""
    middle = (other["top"] + other["bottom"]) / 2
    if one["top"] < middle < one["bottom"]:
        return bool(other["left"] >= one["right"] - 1)
    return bool(middle > one["bottom"])


@pytest.mark.parametrize(
    ("login", "application"),
    [(None, "shop"), (None, "business"), (SHOPPER, "shop"), (ADMINISTRATOR, "business")],
)
@pytest.mark.parametrize("language", ["en", "de"])
async def test_the_header_is_in_order_at_every_width(
    login: str | None, application: str, language: str, window_of: OpenWindow, open_window: OpenWindow
) -> None:
    window = await (window_of(login, application, language) if login else open_window(language))
    for width in WIDTHS:
        await window.page.set_viewport_size({"width": width, "height": 900})
        await window.open("/search", application)
        reached = await window.page.evaluate(REACHED)
        assert len(reached) > 12, "with the categories"
        for one, other in pairwise(reached):
            assert comes_after(one, other), f"{width} px: {one} before {other}"
        for one in reached:
            assert min(one["width"], one["height"]) >= LEAST, f"{width} px: {one}"
        assert not await window.page.evaluate(WIDER_THAN_THE_WINDOW), f"{width} px"
    assert window.problems == []
