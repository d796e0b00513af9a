"""A window of Chromium with a person before it: what they do, what they see, and what went wrong behind it."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import ConsoleMessage, Locator, Page, Request, Response

from app.languages import OWN_NAMES, SOURCE_LANGUAGE, translations

PREFIXES = {"shop": "", "business": "/business", "back-office": "/back-office"}
MAIL_COMES_WITHIN = 60.0


@dataclass
class Window:
    """One window. `language` is that of the person's browser."""

    page: Page
    url: str
    language: str = SOURCE_LANGUAGE
    # What no page may ever cause: messages of the console, failed files, requests to other hosts.
    problems: list[str] = field(default_factory=list)
    # What is done with each page on which the person arrives.
    arrived: "Callable[[Window], Awaitable[None]] | None" = None
    # Addresses and headings of the pages that a critic has seen here.
    looked_at: set[str] = field(default_factory=set)
    # Of the page where the window is.
    status: int = 0

    def __post_init__(self) -> None:
        self.page.on("console", self._note_message)
        self.page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        self.page.on("request", self._note_request)
        self.page.on("response", self._note_response)

    def says(self, english: str, **values: object) -> str:
        """A text of the site as a person of this language reads it. German texts must be German."""
        text = translations(self.language).gettext(english)
        assert self.language == SOURCE_LANGUAGE or text != english, f"not translated: {english}"
        return text % values if values else text

    async def open(self, path: str, application: str = "shop") -> int:
        """Opens a page; its status."""
        address = path if path.startswith("http") else self.url + PREFIXES[application] + path
        answer = await self.page.goto(address)
        assert answer is not None
        await self._arrive()
        return answer.status

    async def fill(self, **typed: str | bool) -> None:
        """Fills in fields of the page's form, named as pages.md names them."""
        for name, value in typed.items():
            element = self.page.locator(f"main [name='{name}']:not([type=hidden])").first
            if isinstance(value, bool):
                await element.set_checked(value)
            elif await element.evaluate("one => one.tagName") == "SELECT":
                await element.select_option(value)
            else:
                await element.fill(value)

    async def press(self, english: str, within: str = "main") -> int:
        """Presses the button with that text and waits for the page that follows; its status."""
        name = self.says(english)
        return await self.leave_by(self.page.locator(within).get_by_role("button", name=name, exact=True))

    async def follow(self, english: str, within: str = "body", **values: object) -> int:
        """Follows the link with that text; a menu that hides it is opened first."""
        place = self.page.locator(within)
        link = place.get_by_role("link", name=self.says(english, **values), exact=True)
        if not await link.count():
            await self.open_menu(within)
        return await self.leave_by(link)

    async def open_menu(self, within: str = "body") -> None:
        """Opens the menus that small screens have in the place of long navigations."""
        closed = self.page.locator(within).locator(".menu:not([open]) > summary:visible")
        while await closed.count():
            await closed.first.click()

    async def choose_language(self) -> None:
        """Switches the site to the person's language by the button in the header, unless it speaks it already."""
        if await self.page.get_attribute("html", "lang") != self.language:
            name = OWN_NAMES[self.language]
            await self.leave_by(self.page.locator("header").get_by_role("button", name=name))

    async def leave_by(self, element: Locator) -> int:
        """Clicks what leads to another page; the status of that page."""
        # Not any navigation: htmx notes in the history of the page itself that it has asked for a part of it.
        async with self.page.expect_event("load"):
            await element.first.click()
        await self._arrive()
        return self.status

    async def sees(self, english: str, **values: object) -> bool:
        """Whether a text is visible on the page, in the person's language."""
        return one_line(self.says(english, **values)) in one_line(await self.page.inner_text("body"))

    @property
    async def heading(self) -> str:
        """The page's h1."""
        return one_line(await self.page.inner_text("h1"))

    @property
    def path(self) -> str:
        """Where the window is."""
        return urlsplit(self.page.url).path

    async def read_mail(self, to: str, subject: str, application: str = "shop") -> str:
        """Waits for a mail in the mailbox, opens it, and gives its text."""
        until = time.monotonic() + MAIL_COMES_WITHIN
        while True:
            await self.open("/mailbox", application)
            row = self.page.locator("tbody tr").filter(has_text=to).filter(has_text=subject)
            if await row.count():
                await self.leave_by(row.first.get_by_role("link"))
                return one_line(await self.page.inner_text("main"))
            assert time.monotonic() < until, f"no mail “{subject}” to {to} has come"
            await asyncio.sleep(0.2)

    async def follow_link_of_mail(self, part: str) -> int:
        """Follows the link of the mail on the page whose address has this part."""
        return await self.leave_by(self.page.locator(f".mail-text a[href*='{part}']"))

    async def _arrive(self) -> None:
        if self.arrived is not None:
            await self.arrived(self)

    def _note_message(self, message: ConsoleMessage) -> None:
        # The console repeats every answer that is an error, also pages that are meant to be one. Files that
        # are missing are noted below.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"console: {message.text}")

    def _note_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != urlsplit(self.url).netloc:
            self.problems.append(f"asks another host: {request.url}")

    def _note_response(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.status = response.status
        if response.status >= 400 and response.request.resource_type != "document":
            self.problems.append(f"{response.status} for {response.url}")


def one_line(text: str) -> str:
    """The text with single blanks, as one reads it, whatever its lines."""
    return " ".join(text.split())
