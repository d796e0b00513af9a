"""Looking at a page as a critic does: what axe finds, what does not fit on a small screen, what failed behind it."""

import json
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

from tests.browser.window import Window

RULES = ("wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice")
AXE = f"axe.run({json.dumps({'resultTypes': ['violations'], 'runOnly': {'type': 'tag', 'values': RULES}})})"
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


async def look_at(window: Window, status: int, *, dark_when_wide: bool) -> Report:
    """Looks at the page in the window at 1280 and 390 px, at one of them in the light and at the other in the dark."""
    page = window.page
    report = Report(
        status, await window.heading, await page.get_attribute("html", "lang") or "", await page.title()
    )
    await page.evaluate(AXE_SCRIPT)
    for width, is_dark in ((1280, dark_when_wide), (390, not dark_when_wide)):
        await page.set_viewport_size({"width": width, "height": 900})
        await page.emulate_media(color_scheme="dark" if is_dark else "light")
        report.violations += await _violations(page, f"{width} px, {'dark' if is_dark else 'light'}")
    await page.set_viewport_size({"width": NARROWEST, "height": 900})
    report.sticking_out = await page.evaluate(STICKING_OUT)
    report.problems = list(window.problems)
    return report


async def note_violations(window: Window) -> None:
    """Adds what axe finds on the page as it is to the window's problems, for walks through many pages. Mails are
    looked at by tests of their own."""
    if "/mailbox" not in window.path:
        await window.page.evaluate(AXE_SCRIPT)
        window.problems += await _violations(window.page, window.path)


async def _violations(page: Page, seen: str) -> list[str]:
    found = await page.evaluate(AXE)
    return [
        f"{seen}: {one['id']}: {one['help']}: {node['html'][:160]}: {node.get('failureSummary', '')[:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.body.querySelectorAll("*")]
    .filter((one) => one.getBoundingClientRect().right > width + 1)
    .map((one) => one.outerHTML.slice(0, 120));
}"""
