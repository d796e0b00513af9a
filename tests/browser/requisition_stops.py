"""The pages of orders beyond a buyer's limits, for accessibility and the strict policy; see stops.py."""

from app.demo.load import ADMINISTRATOR, BUYER, PASSWORD
from tests.browser.company_user_stops import limits_of_a_user
from tests.browser.stops import Prepared, Reach, Stop, at, sent
from tests.browser.window import Window


def of_administrator(name: str, reach: Reach, status: int = 200) -> Stop:
    return Stop(name, reach, status, "business", ADMINISTRATOR)


async def sign_in_anew(window: Window, login: str) -> None:
    """In a session of its own, since these pages need two people after each other."""
    await window.page.context.clear_cookies()
    await window.open("/sign-in", "business")
    await window.fill(login=login, password=PASSWORD)
    await window.press("Sign in")
    await window.choose_language()


async def review_beyond_the_limit(window: Window, prepared: Prepared) -> int:
    """The buyer may order for one cent and wants more."""
    await sign_in_anew(window, ADMINISTRATOR)
    await limits_of_a_user(window, prepared)
    await window.fill(order_limit="0.01" if window.language == "en" else "0,01")
    await window.press("Save limits")
    await sign_in_anew(window, BUYER)
    await window.open("/products/NW-003", "business")
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    for name, value in (("shipping_method", "standard"), ("payment_method", "invoice")):
        await window.page.locator(f"main [name={name}][value={value}]").check()
    return await window.press("Go on to the review")


async def asked(window: Window, prepared: Prepared) -> int:
    await review_beyond_the_limit(window, prepared)
    await window.fill(terms=True, approval_comment="For the fair")
    return await window.press("Ask for approval")


async def decision(window: Window, prepared: Prepared) -> int:
    await asked(window, prepared)
    await sign_in_anew(window, ADMINISTRATOR)
    await window.open("/account/requisitions", "business")
    # The newest comes first; that of the demo data waits as well.
    return await window.leave_by(window.page.locator("main tbody th a").first)


async def rejection_without_a_reason(window: Window, prepared: Prepared) -> int:
    await decision(window, prepared)
    return await window.press("Reject")


async def approved(window: Window, prepared: Prepared) -> int:
    await decision(window, prepared)
    return await window.press("Approve and order with obligation to pay")


REQUISITIONS = [
    of_administrator("requisitions", at("/account/requisitions", "business")),
    of_administrator("requisition-stand-in", at("/account/requisitions/stand-in", "business")),
    of_administrator(
        "requisition-stand-in-errors",
        sent("/account/requisitions/stand-in", "Let them stand in", "business", email="x"),
        422,
    ),
    Stop("review-beyond-the-limit", review_beyond_the_limit, application="business"),
    Stop("requisition-asked", asked, application="business"),
    Stop("requisition-to-decide", decision, application="business"),
    Stop("requisition-rejected-without-reason", rejection_without_a_reason, 422, "business"),
    Stop("requisition-approved", approved, application="business"),
]
