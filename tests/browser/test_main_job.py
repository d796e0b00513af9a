"""The main job, as a stranger does it in a browser: register, verify, sign in where one may, be reminded."""

import secrets

import pytest

from app.demo.load import PASSWORD
from app.languages import OWN_NAMES, SOURCE_LANGUAGE
from tests.browser.conftest import OpenWindow
from tests.browser.window import Window

NEW_PASSWORD = "seven green bottles hanging"
FIRST_PASSWORD = "a long walk by the sea"


@pytest.mark.parametrize(
    ("language", "javascript"), [("en", True), ("de", False)], ids=["en-with-scripts", "de-without-scripts"]
)
async def test_a_stranger_gets_everything_done(
    open_window: OpenWindow, language: str, javascript: bool
) -> None:
    fresh = secrets.token_hex(4)
    shopper, owner = f"robin.{fresh}@shopper.example", f"kim.{fresh}@company.example"
    company = f"Kim & Daughters {fresh}"
    of_shopper = await open_window(language, javascript=javascript)
    of_owner = await open_window(language, javascript=javascript, width=390)
    of_staff = await open_window(language, javascript=javascript)

    await _registers_as_shopper_with_address(of_shopper, shopper)
    await _verifies_and_signs_in_at_the_shop(of_shopper, shopper)
    await _registers_company_without_address(of_owner, owner, company)
    await _verifies_and_is_told_to_wait(of_owner, owner)
    await _cannot_sign_in_before_the_approval(of_owner, owner)
    await _approves(of_staff, company)
    await _reads_of_the_approval(of_owner, owner)
    await _is_refused_at_the_wrong_shop_and_led_to_the_right_one(of_owner, owner, company)
    await _forgets_the_password_and_gets_back_in(of_owner, owner)
    await _signs_out(of_owner)

    assert [*of_shopper.problems, *of_owner.problems, *of_staff.problems] == []


async def _registers_as_shopper_with_address(window: Window, email: str) -> None:
    await window.open("/")
    assert await window.page.get_attribute("html", "lang") == window.language
    await window.follow("Register", within="header")
    assert await window.heading == window.says("Create your account")
    await window.fill(
        email=email,
        password=FIRST_PASSWORD,
        first_name="Robin",
        last_name="Keller",
        preferred_language=window.language,
        address_country="DE",
        address_street="Lindenstraße 14",
        address_postal_code="50674",
        address_city="Köln",
        terms=True,
    )
    await window.press("Create account")
    assert await window.heading == window.says("Look into your mailbox")


async def _verifies_and_signs_in_at_the_shop(window: Window, email: str) -> None:
    mail = await window.read_mail(email, window.says("Please confirm your e-mail address"))
    assert window.says("Hello %(name)s,", name="Robin Keller") in mail
    await window.follow_link_of_mail("/verify-email")
    assert await window.heading == window.says("Confirm your e-mail address")
    await window.press("Confirm e-mail address")
    assert await window.sees("Your e-mail address is confirmed. Please sign in.")

    await window.fill(login=email, password=FIRST_PASSWORD)
    await window.press("Sign in")
    assert await window.heading == window.says("Hello %(name)s", name="Robin Keller")
    await window.follow("Addresses", within="main")
    assert "Lindenstraße 14" in await window.page.inner_text("main")
    assert await window.sees("Preferred for invoices")
    assert await window.sees("Preferred for deliveries")


async def _registers_company_without_address(window: Window, email: str, company: str) -> None:
    await window.open("/", "business")
    await window.follow("Register", within="header")
    assert await window.heading == window.says("Register your company")
    await window.fill(
        email=email,
        password=FIRST_PASSWORD,
        first_name="Kim",
        last_name="Öztürk",
        company_name=company,
        preferred_language=window.language,
        terms=True,
    )
    await window.press("Create account")
    assert await window.heading == window.says("Look into your mailbox")
    assert await window.sees(
        "We look at every application in person. Once your e-mail address is confirmed, we decide and send "
        "you another mail; you can sign in after that."
    )


async def _verifies_and_is_told_to_wait(window: Window, email: str) -> None:
    await window.read_mail(email, window.says("Please confirm your e-mail address"), "business")
    await window.follow_link_of_mail("/verify-email")
    await window.press("Confirm e-mail address")
    assert await window.heading == window.says("Your e-mail address is confirmed")
    assert await window.sees(
        "Thank you. Your account now awaits approval: we look at your application in person and send you a "
        "mail as soon as it is decided. You can sign in after that."
    )


async def _cannot_sign_in_before_the_approval(window: Window, email: str) -> None:
    await window.open("/sign-in", "business")
    await window.fill(login=email, password=FIRST_PASSWORD)
    assert await window.press("Sign in") == 403
    assert await window.heading == window.says("Your account awaits approval")


async def _approves(window: Window, company: str) -> None:
    await window.open("/sign-in", "back-office")
    await window.fill(login="admin@example.com", password=PASSWORD)
    await window.press("Sign in")
    await window.choose_language()
    assert await window.heading == window.says("Work list")
    await window.follow("Open the pending customers")
    row = window.page.locator("tbody tr").filter(has_text=company)
    assert window.says("Pending") in await row.inner_text()
    await window.leave_by(row.get_by_role("link"))
    assert await window.heading == company
    await window.press("Approve")
    assert await window.sees("%(name)s is approved and told so by mail.", name=company)
    # The account keeps its language: whoever plays this staff member next finds that of the demo data.
    if window.language != SOURCE_LANGUAGE:
        await window.leave_by(
            window.page.locator("header").get_by_role("button", name=OWN_NAMES[SOURCE_LANGUAGE])
        )


async def _reads_of_the_approval(window: Window, email: str) -> None:
    await window.read_mail(email, window.says("Welcome to %(shop)s", shop="Patron Business"), "business")
    await window.follow_link_of_mail("/business/sign-in")
    assert await window.heading == window.says("Sign in")


async def _is_refused_at_the_wrong_shop_and_led_to_the_right_one(
    window: Window, email: str, company: str
) -> None:
    await window.open("/sign-in", "shop")
    await window.fill(login=email, password=FIRST_PASSWORD)
    assert await window.press("Sign in") == 403
    assert await window.heading == window.says("Your account belongs to another site")
    assert await window.sees(
        "Your password is right, but your account cannot be used at %(here)s. Please sign in at %(there)s instead.",
        here="Patron",
        there="Patron Business",
    )
    await window.follow("Go to %(there)s", within="main", there="Patron Business")
    assert await window.heading == window.says("Sign in")
    assert window.path == "/business/sign-in"

    await window.fill(login=email, password=FIRST_PASSWORD)
    await window.press("Sign in")
    assert await window.heading == window.says("Hello %(name)s", name="Kim Öztürk")
    assert company in await window.page.inner_text("main")


async def _forgets_the_password_and_gets_back_in(window: Window, email: str) -> None:
    await window.press("Sign out", within="header")
    assert await window.sees("You are signed out.")
    await window.follow("Sign in", within="header")
    await window.follow("Forgotten password?", within="main")
    await window.fill(email=email)
    await window.press("Send link")
    assert await window.heading == window.says("Look into your mailbox")
    await window.read_mail(
        email, window.says("Choose a new password for %(shop)s", shop="Patron Business"), "business"
    )
    await window.follow_link_of_mail("/reset-password")
    assert await window.heading == window.says("Choose a new password")
    await window.fill(password=NEW_PASSWORD)
    await window.press("Save password")
    assert await window.sees(
        "Your new password is set. You are signed out everywhere; please sign in with it."
    )
    assert window.path == "/business/sign-in"

    await window.fill(login=email, password=FIRST_PASSWORD)
    assert await window.press("Sign in") == 422
    assert await window.sees("E-mail and password do not match. Please check both and try again.")
    await window.fill(login=email, password=NEW_PASSWORD)
    await window.press("Sign in")
    assert window.path == "/business/account"
    await window.read_mail(email, window.says("Your password was changed"), "business")


async def _signs_out(window: Window) -> None:
    await window.open("/account", "business")
    await window.press("Sign out", within="header")
    assert await window.sees("You are signed out.")
    await window.open("/account", "business")
    assert await window.heading == window.says("Sign in")
