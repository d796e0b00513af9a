"""What the browser tests share: one Chromium, windows, and people who are signed in already."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright, expect

from app.demo.load import PASSWORD
from tests.browser.looking import Report, look_at
from tests.browser.preparing import prepare
from tests.browser.selling_stops import ALL_STOPS
from tests.browser.stops import Prepared, Stop
from tests.browser.window import Window
from tests.patron_process import PatronProcess

# Chromium asks its maker for updates and the like, unless it is told not to.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-crash-reporter",
]
# The shell is the same Chromium without the window around the page: a page costs half in it.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LOCALES = {"en": "en-GB", "de": "de-DE"}

# Milliseconds for what takes a fraction of a second on a machine that has nothing else to do.
PATIENCE = 60_000

OpenWindow = Callable[..., Awaitable[Window]]


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One Chromium for all tests: the system's, else the one that playwright has installed."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    as_root = ["--no-sandbox"] if os.getuid() == 0 else []  # Chromium refuses its sandbox to root
    expect.set_options(timeout=PATIENCE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=[*QUIET, *as_root])
        yield browser
        await browser.close()


@pytest.fixture
async def open_window(chromium: Browser, running_patron: PatronProcess) -> AsyncIterator[OpenWindow]:
    """Opens a window of a browser that nobody has used before; they are closed at the end of the test."""
    contexts = []

    async def opened(language: str = "en", *, javascript: bool = True, width: int = 1280) -> Window:
        context = await chromium.new_context(
            locale=LOCALES[language],
            java_script_enabled=javascript,
            viewport={"width": width, "height": 900},
            # Nothing is looked at halfway through a change of colours.
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return Window(await context.new_page(), running_patron.url, language)

    yield opened
    for context in contexts:
        await context.close()


@pytest.fixture(scope="session")
def sessions() -> dict[str, Any]:
    """The cookies of people who have signed in during these tests, by login."""
    return {}


@pytest.fixture
async def window_of(open_window: OpenWindow, sessions: dict[str, Any]) -> OpenWindow:
    """Opens a window in which one of the demo logins is signed in; each signs in once for all tests."""

    async def opened(login: str, application: str, language: str = "en", **options: Any) -> Window:
        window = await open_window(language, **options)
        await sign_in(window, login, application, sessions)
        return window

    return opened


@pytest.fixture(scope="session")
async def prepared(chromium: Browser, running_patron: PatronProcess) -> Prepared:
    """What must have happened before all pages exist."""
    context = await chromium.new_context(locale=LOCALES["en"])
    context.set_default_timeout(PATIENCE)
    prepared = await prepare(Window(await context.new_page(), running_patron.url), running_patron)
    await context.close()
    return prepared


@pytest.fixture(scope="session")
def reports() -> dict[str, Report]:
    """What was seen of the pages so far, by name: each is looked at once, whatever is asked of it."""
    return {}


@pytest.fixture(scope="session")
async def critics(chromium: Browser, running_patron: PatronProcess) -> dict[str, Window]:
    """A window for each language in which all pages are looked at: opening one costs more than a page."""
    found = {}
    for language, locale in LOCALES.items():
        context = await chromium.new_context(locale=locale, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        found[language] = Window(await context.new_page(), running_patron.url, language)
    return found


@pytest.fixture
async def report_of(
    critics: dict[str, Window], prepared: Prepared, reports: dict[str, Report], sessions: dict[str, Any]
) -> Callable[[Stop], Awaitable[Report]]:
    """Goes to a page as the one who looks at it, and reports."""

    async def reported(stop: Stop) -> Report:
        if stop.name not in reports:
            place = ALL_STOPS.index(stop)
            window = critics["en" if place // 4 % 2 else "de"]
            await window.page.set_viewport_size({"width": 1280, "height": 900})
            await window.page.context.clear_cookies()
            window.problems.clear()
            if stop.who:
                await sign_in(window, stop.who, stop.application, sessions)
            status = await stop.reach(window, prepared)
            reports[stop.name] = await look_at(
                window, status, dark_when_wide=bool(place % 2), all_when_wide=bool(place // 2 % 2)
            )
        return reports[stop.name]

    return reported


async def sign_in(window: Window, login: str, application: str, sessions: dict[str, Any]) -> None:
    """Gives the window the session of a demo login, who signs in once for all tests, in the window's language."""
    if login not in sessions:
        await window.open("/sign-in", application)
        await window.fill(login=login, password=PASSWORD)
        await window.press("Sign in")
        assert not window.path.endswith("/sign-in"), f"{login} could not sign in"
        sessions[login] = await window.page.context.cookies()
    await window.page.context.add_cookies(sessions[login])
    # Who is signed in reads the language that they have chosen last, here or in another test.
    await window.open("/", application)
    await window.choose_language()
