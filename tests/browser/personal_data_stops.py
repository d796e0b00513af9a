"""The pages of personal data, consents and the newsletter, and those of staff who carry requests out."""

from app.demo.load import SHOPPER
from tests.browser.email_and_password_stops import open_mailed_link
from tests.browser.stops import Prepared, Stop, at, of_staff, sent
from tests.browser.window import Window

# A shopper of the demo who asks for their data; nobody else plays this one.
ASKING = "jonas.albrecht@example.com"


async def ask(window: Window, kind: str) -> int:
    await window.open("/personal-data-requests")
    await window.fill(email=ASKING)
    await window.page.locator(f"main [name=kind][value={kind}]").check()
    return await window.press("Send the request")


async def asked(window: Window, prepared: Prepared) -> int:
    return await ask(window, "export")


async def link_page(window: Window, prepared: Prepared) -> int:
    await ask(window, "delete")
    return await open_mailed_link(window, ASKING, "/personal-data-requests?")


async def unsubscribe_page(window: Window, prepared: Prepared) -> int:
    """The shopper orders the newsletter, confirms it, and opens the link that ends it."""
    await window.open("/account/consents")
    await window.press("Order the newsletter")
    await open_mailed_link(window, SHOPPER, "/newsletter/confirm?")
    await window.press("Confirm the newsletter")
    return await open_mailed_link(window, SHOPPER, "/newsletter/unsubscribe?")


async def a_request(window: Window, prepared: Prepared) -> int:
    """Staff open a request that they have just entered."""
    await window.open("/personal-data-requests/new", "back-office")
    await window.fill(person=SHOPPER)
    await window.page.locator("main [name=kind][value=export]").check()
    await window.press("Send the link to confirm")
    return await window.open(window.path.removeprefix("/back-office"), "back-office")


PERSONAL_DATA = [
    Stop("guest-data-request", at("/personal-data-requests")),
    Stop("guest-data-request-errors", sent("/personal-data-requests", "Send the request", email="x"), 422),
    Stop("guest-data-request-sent", asked),
    Stop("data-request-link", link_page),
    Stop("data-request-confirmed", at("/personal-data-requests/confirmed")),
    Stop("data-request-invalid", at("/personal-data-requests?token=x"), 410),
    Stop("data-archive-gone", at("/personal-data-requests/archive?token=x"), 410),
    Stop("privacy-errors", sent("/account/privacy", "Send the request"), 422, who=SHOPPER),
    Stop("consents", at("/account/consents"), who=SHOPPER),
    Stop("newsletter-link-invalid", at("/newsletter/confirm?token=x"), 410),
    Stop("unsubscribe", unsubscribe_page, who=SHOPPER),
    Stop("unsubscribe-invalid", at("/newsletter/unsubscribe?token=x"), 410),
    of_staff("data-requests", at("/personal-data-requests", "back-office")),
    of_staff("data-requests-finished", at("/personal-data-requests?state=finished", "back-office")),
    of_staff("new-data-request", at("/personal-data-requests/new", "back-office")),
    of_staff(
        "new-data-request-errors",
        sent("/personal-data-requests/new", "Send the link to confirm", "back-office", person="nobody"),
        422,
    ),
    of_staff("data-request", a_request),
    # With the request that staff have just entered.
    Stop("privacy-of-account", at("/account/privacy"), who=SHOPPER),
    of_staff("newsletter", at("/newsletter", "back-office")),
    of_staff("newsletter-errors", sent("/newsletter", "Send the newsletter", "back-office"), 422),
]
