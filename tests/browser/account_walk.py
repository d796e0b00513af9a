"""One person's walk through the account: which of its pages they have seen, and which of its forms they have sent."""

import asyncio
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Locator, Page, Response, Route

from tests.browser.email_and_password_stops import open_mailed_link
from tests.browser.looking import violations
from tests.browser.stops import OWN_PASSWORD
from tests.browser.window import MAIL_COMES_WITHIN, PREFIXES, Window
from tests.test_routes import OPEN, routes

# Each of both walks in both languages, with scripts and without; together they go every way there is.
WAYS_OF_SHOPPERS = [("en", True), ("de", False)]
WAYS_OF_BUYERS = [("de", True), ("en", False)]
# Seconds: dozens of pages in one test, each in a real browser.
TAKES_LONG = pytest.mark.timeout(360)
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)


@dataclass
class AccountWalk:
    """A person with their window, and somebody of the staff with theirs.

    `meets` is the person's row of the table of routes and people (tests/test_routes.py): it says which pages and
    forms of the account are theirs.
    """

    window: Window
    staff: Window
    application: str
    email: str
    meets: dict[str, str]
    has_scripts: bool
    password: str = OWN_PASSWORD
    # Pages seen and forms taken, by the names of routes.
    seen: set[str] = field(default_factory=set)
    sent: set[str] = field(default_factory=set)
    _critic: Page | None = None

    def __post_init__(self) -> None:
        self.pages = account_routes(self.application, self.meets, "GET")
        self.forms = account_routes(self.application, self.meets, "POST")
        self.window.page.on("response", self._note)

    async def open(self, path: str) -> None:
        """Opens a page of the account, and proves who one is where it asks."""
        await self.window.open(path, self.application)
        await self.prove_again()

    async def follow(self, english: str, **values: object) -> None:
        """Follows a link of the page, and proves who one is where it asks."""
        await self.window.follow(english, within="main", **values)
        await self.prove_again()

    async def prove_again(self) -> None:
        """Types the password where a page asks again who one is."""
        if self.window.path.endswith("/sign-in/again"):
            await self.window.fill(password=self.password)
            await self.window.press("Continue")

    async def sign_in(self) -> None:
        """Signs in in a browser that has forgotten everything."""
        await self.window.page.context.clear_cookies()
        await self.window.open("/sign-in", self.application)
        await self.window.fill(login=self.email, password=self.password)
        await self.window.press("Sign in")
        assert not self.window.path.endswith("/sign-in"), await self.window.page.inner_text("main")
        await self.window.choose_language()

    async def reads(self, english: str, **values: object) -> None:
        """Fails unless the page says so."""
        page = self.window.page
        assert await self.window.sees(english, **values), (
            f"{english}: {(await page.inner_text('main'))[:1000]}"
        )

    async def open_link_of_mail(self, part: str, to: str = "") -> None:
        """Opens the newest link of that kind in the person's mails. One that a newer link has replaced is gone."""
        until = time.monotonic() + MAIL_COMES_WITHIN
        while await open_mailed_link(self.window, to or self.email, part) != 200:
            assert time.monotonic() < until, f"no link to {part} that works has come to {to or self.email}"
            await asyncio.sleep(0.2)
        await self.window.choose_language()

    async def download(self, element: Locator) -> str:
        """Clicks what gives a file; the file's name. Its address counts as seen, or as sent."""
        async with self.window.page.expect_download() as coming:
            await element.first.click()
        file = await coming.value
        path = urlsplit(file.url).path
        self.seen.update(filter(None, [_name_at(path, self.pages)]))
        self.sent.update(filter(None, [_name_at(path, self.forms)]))
        return file.suggested_filename

    async def see_every_page(self) -> None:
        """Opens every page to which the account's pages link, each once, and looks at it."""
        waiting = [f"{PREFIXES[self.application]}/account"]
        while waiting:
            path = waiting.pop(0)
            name = _name_at(path, self.pages)
            if name is None or name in self.seen:
                continue
            await self.open(path.removeprefix(PREFIXES[self.application]))
            assert self.window.path == path
            await self.look()
            waiting += await self._links()

    async def look(self) -> None:
        """Looks at the page that is open, which is seen then: its language, its heading, and what axe finds."""
        page, path = self.window.page, self.window.path
        assert await page.get_attribute("html", "lang") == self.window.language, path
        assert await page.locator("h1").count() == 1, path
        if not self.has_scripts:
            page = await self._as_without_scripts()
        await page.evaluate(AXE_SCRIPT)
        found = await violations(page)
        assert [(one["id"], one["nodes"][0]["html"][:200]) for one in found] == [], path
        self.seen.update(filter(None, [_name_at(path, self.pages)]))

    async def _links(self) -> list[str]:
        """The pages to which the page's content links; files are downloaded by who wants them."""
        found = await self.window.page.locator("main a[href]").evaluate_all(
            "links => links.filter((one) => !one.hasAttribute('download')).map((one) => one.href)"
        )
        paths = [urlsplit(one).path for one in found]
        return [one for one in paths if not one.endswith("/archive")]

    async def _as_without_scripts(self) -> Page:
        """What stands on the page without scripts, in a window that can run axe, which is a script itself."""
        if self._critic is None:
            self._critic = await self.staff.page.context.new_page()
        page = self.window.page
        shown = SCRIPT.sub("", await page.content())
        shown = shown.replace("<noscript>", "<div>").replace("</noscript>", "</div>")

        async def answer(route: Route) -> None:
            await route.fulfill(body=shown, content_type="text/html; charset=utf-8")

        await self._critic.route(page.url, answer, times=1)
        await self._critic.goto(page.url)
        return self._critic

    def _note(self, response: Response) -> None:
        if response.request.method == "POST" and response.status < 400:
            self.sent.update(filter(None, [_name_at(urlsplit(response.url).path, self.forms)]))


def account_routes(application: str, meets: dict[str, str], method: str) -> dict[str, re.Pattern[str]]:
    """The pages (GET) or forms (POST) of the account that a person of the table of routes may use, by their names."""
    return {
        one.name: re.compile(PREFIXES[application] + re.sub(r"\{\w+:\w+\}", "[^/]+", one.path))
        for one in routes()
        if one.application == application
        and one.method == method
        and one.path.startswith("/account")
        and meets.get(one.audience) == OPEN
    }


def _name_at(path: str, patterns: dict[str, re.Pattern[str]]) -> str | None:
    # A fixed part of an address comes before one that stands for anything.
    fitting = [name for name, pattern in patterns.items() if pattern.fullmatch(path)]
    return min(fitting, key=lambda one: patterns[one].pattern.count("[^/]+"), default=None)
