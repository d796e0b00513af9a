"""The pictures of the README's tour, taken anew of the demo shop as it is loaded:

    make run
    python -m tests.browser.pictures [ADDRESS]

ADDRESS is http://localhost:8000 unless another one is named. Pictures have 256 colours, so that they stay small.
"""

import asyncio
import io
import os
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.async_api import async_playwright

from app.demo.company_life import APPROVER, CLERK
from app.demo.load import ADMINISTRATOR, PASSWORD, STAFF
from tests.browser.window import Window

FOLDER = Path(__file__).parent.parent.parent / ".pictures"
DESKTOP, PHONE = {"width": 1100, "height": 760}, {"width": 390, "height": 780}
Show = Callable[[Window], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One of the tour: whose window, how they come to what it shows, and how the window looks."""

    name: str
    show: Show
    application: str = "shop"
    who: str = ""
    is_phone: bool = False
    is_dark: bool = False


def at(path: str, application: str = "shop") -> Show:
    """The page of an address."""

    async def show(window: Window) -> None:
        assert await window.open(path, application) == 200, path

    return show


async def registration_with_errors(window: Window) -> None:
    await window.open("/register/smb", "business")
    await window.fill(first_name="Nora", email="nora@", password="too short")
    await window.press("Create account")


async def wrong_shop(window: Window) -> None:
    await window.open("/sign-in")
    await window.fill(login=ADMINISTRATOR, password=PASSWORD)
    await window.press("Sign in")


async def open_menu(window: Window) -> None:
    await window.open("/account/requisitions", "business")
    await window.open_menu("main")


async def requisition(window: Window) -> None:
    await window.open("/account/requisitions", "business")
    await window.leave_by(window.page.locator("main tbody th a"))
    await _scroll_to(window, "Your decision")


async def budget(window: Window) -> None:
    await window.open("/account", "business")
    await _scroll_to(window, "Your limits")


async def limits(window: Window) -> None:
    await window.open("/account/users?q=weber", "business")
    await window.leave_by(window.page.locator("main tbody th a"))
    await window.follow("Change the limits", within="main")


async def quick_order(window: Window) -> None:
    await window.open("/quick-order", "business")
    await window.fill(lines="NW-003 12\nNW-042 6\nNW-999 2\nNW-008 many")
    await window.press("Put into the basket")


PICTURES = (
    Picture(name="shop", show=at("/")),
    Picture(name="business-shop", show=at("/", "business")),
    Picture(name="shop-phone-dark", show=at("/"), is_phone=True, is_dark=True),
    Picture(name="register-phone-dark", show=at("/register/individual"), is_phone=True, is_dark=True),
    Picture(name="register-errors", show=registration_with_errors),
    Picture(name="wrong-shop", show=wrong_shop),
    Picture(name="account", show=at("/account", "business"), application="business", who=ADMINISTRATOR),
    Picture(name="users", show=at("/account/users", "business"), application="business", who=ADMINISTRATOR),
    Picture(name="limits", show=limits, application="business", who=ADMINISTRATOR),
    Picture(name="quick-order", show=quick_order, application="business", who=ADMINISTRATOR),
    Picture(name="menu-phone", show=open_menu, application="business", who=APPROVER, is_phone=True),
    Picture(name="requisition-phone", show=requisition, application="business", who=APPROVER, is_phone=True),
    Picture(
        name="budget-phone-dark",
        show=budget,
        application="business",
        who=CLERK,
        is_phone=True,
        is_dark=True,
    ),
    Picture(name="customers", show=at("/customers", "back-office"), application="back-office", who=STAFF),
    Picture(
        name="approve",
        show=at("/customers/PENDING", "back-office"),
        application="back-office",
        who=STAFF,
    ),
    Picture(
        name="organisations", show=at("/organisations", "back-office"), application="back-office", who=STAFF
    ),
    Picture(
        name="merge",
        show=at("/customers/QUICK/merge?other=FRANK", "back-office"),
        application="back-office",
        who=STAFF,
    ),
)


async def take(address: str, folder: Path) -> None:
    """Takes all pictures of the shop at the address."""
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"] if os.getuid() == 0 else []
        )
        for picture in PICTURES:
            context = await chromium.new_context(
                locale="en-GB",
                viewport=PHONE if picture.is_phone else DESKTOP,
                color_scheme="dark" if picture.is_dark else "light",
                reduced_motion="reduce",
            )
            window = Window(await context.new_page(), address)
            if picture.who:
                await window.open("/sign-in", picture.application)
                await window.fill(login=picture.who, password=PASSWORD)
                await window.press("Sign in")
            await picture.show(window)
            await _keep(window, folder / f"{picture.name}.png")
            await context.close()
        await chromium.close()


async def _scroll_to(window: Window, heading: str) -> None:
    found = window.page.locator("main").get_by_role("heading", name=heading)
    await found.evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 100)")


async def _keep(window: Window, file: Path) -> None:
    """What the window shows below the banner of development, which no customer sees."""
    banner = await window.page.locator(".development-banner").evaluate("one => one.offsetHeight")
    size = window.page.viewport_size
    assert size is not None
    width, height = size["width"], size["height"]
    await window.page.set_viewport_size({"width": width, "height": height + banner})
    taken = await window.page.screenshot(clip={"x": 0, "y": banner, "width": width, "height": height})
    few_colours = Image.open(io.BytesIO(taken)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    few_colours.save(file, optimize=True)


if __name__ == "__main__":
    asyncio.run(take(sys.argv[1] if len(sys.argv) > 1 else "http://localhost:8000", FOLDER))
