"""The pages on which people change their e-mail and their password, and those of the links that follow."""

import asyncio
import time
from urllib.parse import urljoin

from app.demo.load import BUYER, SHOPPER
from tests.browser.stops import OWN_PASSWORD, Reach, Stop, at, sent
from tests.browser.window import MAIL_COMES_WITHIN, Window

# Somebody who registers for it, so that no demo login changes. The stops follow each other.
OLD_EMAIL, NEW_EMAIL = "olga.changes@stops.example", "olga.changed@stops.example"
WRONG = "a wrong password altogether"


async def register_and_sign_in(window: Window) -> None:
    await window.open("/register/individual")
    await window.fill(email=OLD_EMAIL, password=OWN_PASSWORD, first_name="Olga", last_name="Stop", terms=True)
    await window.press("Create account")
    await open_mailed_link(window, OLD_EMAIL, "/verify-email?")
    await window.press("Confirm e-mail address")
    await window.open("/sign-in")
    await window.fill(login=OLD_EMAIL, password=OWN_PASSWORD)
    await window.press("Sign in")
    await window.choose_language()


async def open_mailed_link(window: Window, to: str, part: str) -> int:
    """Opens the link with this part out of the newest mail that has one: people read mails in their language."""
    until = time.monotonic() + MAIL_COMES_WITHIN
    while time.monotonic() < until:
        await window.open("/mailbox")
        for row in await window.page.locator("tbody tr").filter(has_text=to).get_by_role("link").all():
            mail = await row.get_attribute("href")
            assert mail is not None
            await window.page.goto(urljoin(window.page.url, mail))
            link = window.page.locator(f".mail-text a[href*='{part}']")
            if await link.count():
                return await window.leave_by(link)
            await window.open("/mailbox")
        await asyncio.sleep(0.2)
    raise AssertionError(f"no mail with a link to {part} has come to {to}")


async def change_waits(window: Window, prepared: object) -> int:
    """Somebody has asked for a new e-mail and looks at the page again."""
    await register_and_sign_in(window)
    await window.open("/account/email")
    await window.fill(email=NEW_EMAIL, current_password=OWN_PASSWORD)
    await window.press("Send link")
    return await window.open("/account/email")


async def confirm_page(window: Window, prepared: object) -> int:
    return await open_mailed_link(window, NEW_EMAIL, "/confirm-email?")


async def undo_page(window: Window, prepared: object) -> int:
    await confirm_page(window, prepared)
    await window.press("Confirm e-mail address")
    return await open_mailed_link(window, OLD_EMAIL, "/undo-email-change?")


async def undone(window: Window, prepared: object) -> int:
    await open_mailed_link(window, OLD_EMAIL, "/undo-email-change?")
    return await window.press("Undo the change")


def refused(path: str, button: str) -> Reach:
    """The form of an address after a wrong current password and nothing new."""
    return sent(path, button, current_password=WRONG)


EMAIL_AND_PASSWORD = [
    Stop("email", at("/account/email"), who=SHOPPER),
    Stop("email-errors", refused("/account/email", "Send link"), 422, who=SHOPPER),
    Stop("password", at("/account/password"), who=SHOPPER),
    Stop("password-errors", refused("/account/password", "Save password"), 422, who=SHOPPER),
    Stop("business-password", at("/account/password", "business"), application="business", who=BUYER),
    Stop("email-change-waits", change_waits),
    Stop("confirm-email", confirm_page),
    Stop("undo-email-change", undo_page),
    Stop("email-change-undone", undone),
    Stop("confirm-email-invalid", at("/confirm-email?token=nonsense"), 410),
    Stop("undo-email-change-invalid", at("/undo-email-change?token=nonsense"), 410),
]
