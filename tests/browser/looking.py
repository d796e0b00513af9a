"""Looking at a page as a critic does: what axe finds, what does not fit on a small screen, what failed behind it."""

import json
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from tests.browser.window import Window

ALL: dict[str, object] = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
}
# What differs from width to width and from light to dark; all other rules read what stands in the page.
OF_LOOKS: dict[str, object] = {
    "type": "rule",
    "values": ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"],
}
# WCAG 2.2, 1.4.10 Reflow: nobody scrolls sideways at this width, which is 1280 at a zoom of 400 %.
NARROWEST = 320


@dataclass
class Report:
    """What was seen of one page."""

    status: int
    heading: str
    language: str
    title: str
    # Of axe, by width and colours.
    violations: list[str] = field(default_factory=list)
    # Elements that stick out at the narrowest width.
    sticking_out: list[str] = field(default_factory=list)
    # What no page may cause; see Window.problems.
    problems: list[str] = field(default_factory=list)


async def look_at(window: Window, status: int, *, dark_when_wide: bool, all_when_wide: bool) -> Report:
    """Looks at the page in the window at 1280 and 390 px, at one of them in the light and at the other in the dark.

    All rules are asked at one width, and those of looks at the other, which differ there.
    """
    page = window.page
    report = Report(
        status, await window.heading, await page.get_attribute("html", "lang") or "", await page.title()
    )
    await page.evaluate(AXE_SCRIPT)
    for width, is_dark, is_all in (
        (1280, dark_when_wide, all_when_wide),
        (390, not dark_when_wide, not all_when_wide),
    ):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme="dark" if is_dark else "light")
        seen = f"{width} px, {'dark' if is_dark else 'light'}"
        report.violations += _described(seen, await violations(page, ALL if is_all else OF_LOOKS))
    await page.set_viewport_size({"width": NARROWEST, "height": 900})
    report.sticking_out = await page.evaluate(STICKING_OUT)
    report.problems = list(window.problems)
    return report


async def note_violations(window: Window) -> None:
    """Adds what axe finds on the page as it is to the window's problems, for walks through many pages; a page to
    which the walk comes back in the same window is not looked at again. Mails are looked at by tests of their own."""
    page = f"{window.path} {await window.heading}"
    if "/mailbox" not in window.path and page not in window.looked_at:
        window.looked_at.add(page)
        await window.page.evaluate(AXE_SCRIPT)
        window.problems += _described(window.path, await violations(window.page))


async def violations(page: Page, rules: dict[str, object] = ALL) -> list[dict[str, Any]]:
    """What axe, whose script the page has, finds on it: a rule and the places of the page that break it for each."""
    return list((await _asked(page, rules))["violations"])


async def is_locked_in_orientation(page: Page) -> bool:
    """Whether a style sheet of the page turns it around with the phone. Fails where axe could not tell.

    Only this rule needs axe to ask for all style sheets again, which are the same on all pages.
    """
    await page.evaluate(AXE_SCRIPT)
    found = await _asked(page, {"type": "rule", "values": ["css-orientation-lock"]}, preload=True)
    assert found["passes"] or found["violations"]
    return bool(found["violations"])


async def _asked(page: Page, rules: dict[str, object], *, preload: bool = False) -> dict[str, Any]:
    asked = {"resultTypes": ["violations"], "preload": preload, "runOnly": rules}
    found: dict[str, Any] = await page.evaluate(f"axe.run({json.dumps(asked)})")
    return found


def _described(seen: str, found: list[dict[str, Any]]) -> list[str]:
    return [
        f"{seen}: {one['id']}: {one['help']}: {node['html'][:160]}: {node.get('failureSummary', '')[:300]}"
        for one in found
        for node in one["nodes"]
    ]


STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > width + 1)
    .map((one) => one.outerHTML.slice(0, 120));
}"""
