"""Signing in without a password: by a passkey of Chromium's virtual authenticator, and by a mailed code."""

import re

import pytest

from tests.browser.conftest import OpenWindow
from tests.browser.passkeys import VirtualAuthenticator, plug_in
from tests.browser.window import Window

# People of the demo who have never chosen a password, each for one test: a mailbox gets few codes in an hour.
ADDS_A_PASSKEY = {"en": "jonas.albrecht@example.com", "de": "leonie.hartwig@example.com"}
HAS_NO_SCRIPTS = {"en": "luca.meier@example.com", "de": "theo.brandstaetter@example.com"}


async def sign_in_by_code(window: Window, email: str) -> None:
    """Signs in by a mailed code, with a wrong one first."""
    await window.open("/sign-in")
    await window.follow("Sign in by a code that we mail you", within="main")
    await window.fill(login=email)
    await window.press("Send code")
    page_of_code = window.page.url
    # The mail is in the language of the account, and both call it a code.
    mail = await window.read_mail(email, "code")
    (code,) = re.findall(r"\b\d{6}\b", mail)
    await window.open(page_of_code)
    await window.fill(code="000000" if code != "000000" else "111111")
    assert await window.press("Sign in") == 422
    await window.fill(code=code)
    await window.press("Sign in")
    assert window.path == "/account"
    await window.choose_language()


async def sign_out(window: Window) -> None:
    await window.leave_by(window.page.locator("header .sign-out button"))


async def add_passkey(window: Window, name: str) -> None:
    await window.open("/account/security")
    await window.follow("Add a passkey", within="main")
    await window.fill(name=name)
    await window.press("Add a passkey")
    assert window.path == "/account/security", await window.page.inner_text("main")
    assert name in await window.page.inner_text("main")


async def a_second_one_is_refused(window: Window) -> None:
    """The device has a passkey for this account already, and says so."""
    await window.open("/account/security/passkeys/new")
    await window.page.get_by_role("button", name=window.says("Add a passkey")).click()
    alert = window.page.get_by_role("alert")
    await alert.wait_for()
    assert await alert.inner_text() == window.says("This device has a passkey for your account already.")


@pytest.mark.parametrize("language", ["en", "de"])
async def test_a_person_adds_a_passkey_signs_in_with_it_and_removes_it(
    open_window: OpenWindow, language: str
) -> None:
    window = await open_window(language)
    await sign_in_by_code(window, ADDS_A_PASSKEY[language])
    await plug_in(window, VirtualAuthenticator())
    await add_passkey(window, "Handy & <Phone>")
    await a_second_one_is_refused(window)
    await sign_out(window)

    await window.open("/sign-in?next=/account/addresses")
    await window.press("Sign in with a passkey")
    assert window.path == "/account/addresses"

    await window.open("/account/security")
    await window.follow("Rename or remove", within="main")
    await window.fill(name="Desk")
    await window.press("Save name")
    assert "Desk" in await window.page.inner_text("main")
    await window.follow("Rename or remove", within="main")
    await window.press("Remove passkey")
    assert await window.sees("The passkey is removed. It no longer signs you in.")
    await sign_out(window)
    await window.open("/sign-in")
    assert await window.press("Sign in with a passkey") == 422
    assert await window.sees("We could not verify this passkey. Please try again, or sign in another way.")
    assert window.problems == []


async def test_whoever_changes_their_mind_stays_on_the_page_and_can_try_again(
    open_window: OpenWindow,
) -> None:
    window = await open_window()
    await plug_in(window, VirtualAuthenticator(verifies=False, is_present=True))
    await window.open("/sign-in")
    button = window.page.get_by_role("button", name="Sign in with a passkey")
    await button.click()
    alert = window.page.get_by_role("alert")
    await alert.wait_for()
    assert "No passkey was used." in await alert.inner_text()
    assert await button.is_enabled()
    assert window.path == "/sign-in"
    assert window.problems == []


@pytest.mark.parametrize("language", ["en", "de"])
async def test_without_scripts_a_code_signs_in_and_no_button_does_nothing(
    open_window: OpenWindow, language: str
) -> None:
    window = await open_window(language, javascript=False)
    await window.open("/sign-in")
    main = window.page.locator("main")
    assert await main.get_by_role("button", name=window.says("Sign in with a passkey")).count() == 0
    assert await main.get_by_role("button", name=window.says("Sign in"), exact=True).count() == 1
    await sign_in_by_code(window, HAS_NO_SCRIPTS[language])
    await window.open("/account/security/passkeys/new")
    assert await window.sees("This needs JavaScript and a browser that knows passkeys.")
    assert await main.get_by_role("button", name=window.says("Add a passkey")).count() == 0
    assert window.problems == []
