"""A company's month in a browser: from its registration until its people go on to another company."""

import secrets
from dataclasses import dataclass, field

import pytest

from app.demo.load import CONTRACT_BUYER, PASSWORD, STAFF
from tests.browser.conftest import OpenWindow
from tests.browser.looking import note_violations
from tests.browser.stops import proven
from tests.browser.window import Window, one_line

OWN_PASSWORD = "a long walk by the sea"
NEW_PASSWORD = "a quiet harbour at dawn"
# Another company, of the demo data; its administrator is one of the fixed logins.
OTHER_COMPANY, OTHER_NUMBER = "QUICK-Stop", "QUICK"
# A beer for 7.75 net: of what Bea may spend in a month, four with their delivery leave too little for eight more.
BEER, BEER_NAME = "NW-075", "Rhönbräu Klosterbier"
BUDGET = "60"
# Twelve pieces and two deliveries for 4.12, as it is written in both languages.
SPENT = {"en": "€101.24", "de": "101,24 €"}


@dataclass
class Month:
    """Who plays it, each before a window of their own."""

    owner: Window
    approver: Window
    buyer: Window
    second_buyer: Window
    staff: Window
    company: str
    domain: str
    # Addresses and numbers that are met on the way.
    orders: dict[str, str] = field(default_factory=dict)

    @property
    def windows(self) -> list[Window]:
        return [self.owner, self.approver, self.buyer, self.second_buyer, self.staff]

    def email(self, first_name: str) -> str:
        return f"{first_name.lower()}@{self.domain}"


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("language", "javascript"), [("en", True), ("de", False)], ids=["with-scripts", "without-scripts"]
)
async def test_a_company_runs_itself_for_a_month(
    open_window: OpenWindow, language: str, javascript: bool
) -> None:
    fresh = secrets.token_hex(4)
    widths = (1280, 1280, 390, 390, 1280)
    windows = [await open_window(language, javascript=javascript, width=width) for width in widths]
    if javascript:  # axe is a script
        for window in windows:
            window.arrived = note_violations
    month = Month(*windows, company=f"Month & Sons {fresh}", domain=f"{fresh}.example")

    await _registers_and_is_approved(month)
    await _invites_three_people(month)
    await _all_three_join(month)
    await _sets_budgets(month)
    month.orders["Bea Buyer"] = await _orders_within_the_limits(month.buyer)
    month.orders["Ben Beschaffer"] = await _orders_within_the_limits(month.second_buyer)
    requisition = await _asks_for_more_than_is_left(month)
    await _approves_from_the_mail(month, requisition)
    await _sees_that_it_was_ordered_and_counted(month, requisition)
    await _removes_who_leaves(month)
    await _another_company_takes_her_over(month)
    await _orders_have_followed(month)
    await _reads_who_did_what(month)

    assert [problem for window in month.windows for problem in window.problems] == []


async def _registers_and_is_approved(month: Month) -> None:
    window, email = month.owner, month.email("Olga")
    await window.open("/", "business")
    await window.follow("Register", within="header")
    await window.fill(
        email=email,
        password=OWN_PASSWORD,
        first_name="Olga",
        last_name="Owner",
        company_name=month.company,
        preferred_language=window.language,
        address_country="DE",
        address_street="Lindenstraße 14",
        address_postal_code="50674",
        address_city="Köln",
        terms=True,
    )
    await window.press("Create account")
    assert await window.heading == window.says("Look into your mailbox")
    await window.read_mail(email, window.says("Please confirm your e-mail address"), "business")
    await window.follow_link_of_mail("/verify-email")
    await window.press("Confirm e-mail address")
    assert await window.heading == window.says("Your e-mail address is confirmed")

    staff = month.staff
    await staff.open("/sign-in", "back-office")
    await staff.fill(login=STAFF, password=PASSWORD)
    await staff.press("Sign in")
    await staff.choose_language()
    await staff.follow("Open the pending customers")
    await staff.leave_by(staff.page.locator("tbody tr").filter(has_text=month.company).get_by_role("link"))
    await staff.press("Approve")
    assert await staff.sees("%(name)s is approved and told so by mail.", name=month.company)

    await window.read_mail(email, window.says("Welcome to %(shop)s", shop="Patron Business"), "business")
    await window.follow_link_of_mail("/business/sign-in")
    await _sign_in(window, email, OWN_PASSWORD)
    assert await window.heading == window.says("Hello %(name)s", name="Olga Owner")


async def _invites_three_people(month: Month) -> None:
    window = month.owner
    await window.follow("Users", within="main nav")
    await window.follow("Invite a user", within="main")
    await window.fill(email=month.email("Anna"), first_name="Anna", last_name="Approver")
    await window.page.locator("main [name=roles][value=approver]").check()
    await window.press("Send invitation")
    assert await window.sees("%(email)s is invited by mail.", email=month.email("Anna"))

    await window.follow("Several people", within="main")
    await window.fill(
        people=f"Bea Buyer <{month.email('Bea')}>\nBen Beschaffer <{month.email('Ben')}>",
    )
    await window.page.locator("main [name=roles][value=buyer]").check()
    await window.press("Send invitations")
    await window.follow("Invitations", within="main")
    text = await window.page.inner_text("main tbody")
    for name in ("Anna", "Bea", "Ben"):
        assert month.email(name) in text
    assert text.count(window.says("Waiting")) == 3


async def _all_three_join(month: Month) -> None:
    for window, name in (
        (month.approver, "Anna Approver"),
        (month.buyer, "Bea Buyer"),
        (month.second_buyer, "Ben Beschaffer"),
    ):
        first_name, last_name = name.split()
        subject = window.says(
            "%(company)s invites you to %(shop)s", company=month.company, shop="Patron Business"
        )
        await window.read_mail(month.email(first_name), subject, "business")
        await window.follow_link_of_mail("/invitations")
        assert await window.heading == window.says("Join %(company)s", company=month.company)
        await window.fill(first_name=first_name, last_name=last_name, password=OWN_PASSWORD)
        await window.leave_by(window.page.locator("main form button.button--primary"))
        assert await window.sees("Welcome to %(company)s. Please sign in.", company=month.company)
        await _sign_in(window, month.email(first_name), OWN_PASSWORD)
        assert await window.heading == window.says("Hello %(name)s", name=name)
        assert month.company in await window.page.inner_text("main")


async def _sets_budgets(month: Month) -> None:
    """Bea may spend so much in a month, Ben for one order."""
    window = month.owner
    for name, limits in (
        ("Bea Buyer", {"budget_amount": BUDGET, "budget_period": "month"}),
        ("Ben Beschaffer", {"order_limit": "100"}),
    ):
        await _goes_to_the_page_of(window, name)
        await window.follow("Change the limits", within="main")
        assert await window.heading == window.says("Limits of %(name)s", name=name)
        await window.fill(**limits)
        await window.press("Save limits")
        assert await window.sees("The limits of %(name)s are saved.", name=name)


async def _orders_within_the_limits(window: Window) -> str:
    """The number of the order, which needs no approval."""
    await _goes_to_the_review(window, 4)
    assert not await window.sees("This order needs approval.")
    await window.fill(terms=True)
    await window.press("Order with obligation to pay")
    assert await window.heading == window.says("Thank you for your order")
    await window.follow("See your order", within="main")
    return _end_of(window.path)


async def _asks_for_more_than_is_left(month: Month) -> str:
    """Her next order exceeds what is left of the month's budget; the number of the requisition."""
    window = month.buyer
    await _goes_to_the_review(window, 8)
    assert await window.sees("This order needs approval.")
    assert "Anna Approver" in await window.page.inner_text("main")
    await window.fill(terms=True, approval_comment="For the summer party")
    await window.press("Ask for approval")
    assert await window.sees(
        "Your order waits for approval. You will get a mail as soon as somebody has decided."
    )
    await window.open("/account/requisitions", "business")
    number = await window.page.locator("main tbody th").inner_text()
    await window.open("/account/orders", "business")
    assert await window.page.locator("main tbody tr").count() == 1, "nothing is ordered yet"
    return number


async def _approves_from_the_mail(month: Month, requisition: str) -> None:
    """The mail's link leads to the decision, by way of signing in."""
    window = month.approver
    await window.press("Sign out", within="header")
    subject = window.says("Please decide on requisition %(number)s", number=requisition)
    mail = await window.read_mail(month.email("Anna"), subject, "business")
    assert "For the summer party" in mail
    await window.follow_link_of_mail("/requisitions/")
    assert await window.heading == window.says("Sign in")
    await _sign_in(window, month.email("Anna"), OWN_PASSWORD)
    assert await window.heading == window.says("Requisition %(number)s", number=requisition)
    await window.press("Approve and order with obligation to pay")
    assert await window.sees("Approved")
    order = await window.page.locator("main a[href*='/account/orders/']").count()
    assert order == 0, "an approver does not see what others order"


async def _sees_that_it_was_ordered_and_counted(month: Month, requisition: str) -> None:
    window = month.buyer
    subject = window.says("Your requisition %(number)s is approved", number=requisition)
    await window.read_mail(month.email("Bea"), subject, "business")
    await window.follow_link_of_mail("/requisitions/")
    assert await window.heading == window.says("Requisition %(number)s", number=requisition)
    await window.leave_by(window.page.locator("main a[href*='/account/orders/']"))
    assert BEER_NAME in await window.page.inner_text("main")
    month.orders["approved"] = _end_of(window.path)

    window = month.owner
    await _goes_to_the_page_of(window, "Bea Buyer")
    limits = await window.page.locator("main .card").filter(has_text=window.says("Limits")).inner_text()
    assert SPENT[window.language] in one_line(limits)
    await window.follow("Orders", within="main nav")
    shown = await window.page.inner_text("main tbody")
    assert all(number in shown for number in month.orders.values())


async def _removes_who_leaves(month: Month) -> None:
    """Bea leaves: her orders stay with the company, and she is out at once."""
    window = month.owner
    await _goes_to_the_page_of(window, "Bea Buyer")
    await window.follow("Remove from the company", within="main")
    assert await window.heading == window.says("Remove %(name)s", name="Bea Buyer")
    await window.press("Remove from the company")
    assert await window.sees("%(name)s is removed. Orders stay with your company.", name="Bea Buyer")
    assert "Bea Buyer" not in await window.page.inner_text("main tbody")
    await window.open(f"/account/orders/{month.orders['approved']}", "business")
    assert "Bea Buyer" in await window.page.inner_text("main")

    left = month.buyer
    await left.open("/account", "business")
    assert await left.heading == left.says("Sign in")
    await _sign_in(left, month.email("Bea"), OWN_PASSWORD)
    assert await left.sees("E-mail and password do not match. Please check both and try again.")
    subject = left.says("You no longer act for %(company)s", company=month.company)
    await left.read_mail(month.email("Bea"), subject, "business")


async def _another_company_takes_her_over(month: Month) -> None:
    """Staff move Bea from the former users of the one company to the other, and her orders go along."""
    window = month.staff
    await window.open("/customers", "back-office")
    await window.fill(q=month.company)
    await window.press("Search")
    await window.leave_by(window.page.locator("tbody tr").filter(has_text=month.company).get_by_role("link"))
    await window.follow("Users", within="main")
    former = window.page.locator("section[aria-labelledby=former-users-heading]")
    row = former.locator("tbody tr").filter(has_text="Bea Buyer")
    shown = await row.inner_text()
    assert month.email("Bea") in shown
    assert "Olga Owner" in shown, "who has removed her"
    await proven(window, await window.leave_by(row.locator("a[href*='/move']")))
    assert await window.heading == window.says("Move %(name)s", name="Bea Buyer")
    # She was limited: whoever moves her says what holds at the other company.
    await window.fill(customer=OTHER_NUMBER, limits=True)
    await window.press("Move the user")
    assert "Bea Buyer" in await window.page.locator(".flash-region").inner_text()
    assert "Bea Buyer" in await window.page.inner_text("main tbody")


async def _orders_have_followed(month: Month) -> None:
    """She signs in with the login that she had, acts for the other company, and finds both her orders there."""
    bea, hers = month.buyer, [month.orders["Bea Buyer"], month.orders["approved"]]
    subject = bea.says("You now act for %(company)s.", company=OTHER_COMPANY)
    mail = await bea.read_mail(month.email("Bea"), subject, "business")
    assert month.company in mail
    await bea.read_mail(
        month.email("Bea"),
        bea.says("Your account at %(shop)s is open again", shop="Patron Business"),
        "business",
    )
    await bea.follow_link_of_mail("/reset-password")
    await bea.fill(password=NEW_PASSWORD)
    await bea.press("Save password")
    await _sign_in(bea, month.email("Bea"), NEW_PASSWORD)
    await bea.open("/account", "business")
    text = await bea.page.inner_text("main")
    assert OTHER_COMPANY in text
    assert month.company not in text
    await bea.open("/account/orders", "business")
    text = await bea.page.inner_text("main tbody")
    assert all(number in text for number in hers)

    await month.owner.open("/account/orders", "business")
    text = await month.owner.page.inner_text("main tbody")
    assert not any(number in text for number in hers)
    assert month.orders["Ben Beschaffer"] in text, "what others have ordered stays"
    for number in hers:
        assert await month.owner.open(f"/account/orders/{number}", "business") == 404

    other = month.approver  # at another desk by now
    await other.press("Sign out", within="header")
    await other.open("/sign-in", "business")
    await _sign_in(other, CONTRACT_BUYER, PASSWORD)
    await other.choose_language()
    for number in hers:
        await other.open(f"/account/orders/{number}", "business")
        assert "Bea Buyer" in await other.page.inner_text("main")


async def _reads_who_did_what(month: Month) -> None:
    window = month.owner
    await window.open("/account/users", "business")
    await window.follow("History", within="main")
    text = await window.page.inner_text("main tbody")
    for action in (
        "user invited",
        "member limits changed",
        "requisition approved",
        "member removed",
        "user moved",
    ):
        assert window.says(action) in text


async def _sign_in(window: Window, login: str, password: str) -> None:
    await window.fill(login=login, password=password)
    await window.press("Sign in")


async def _goes_to_the_page_of(window: Window, name: str) -> None:
    """To a user of the company."""
    await window.open("/account/users", "business")
    await window.leave_by(window.page.locator("main tbody").get_by_role("link", name=name))
    assert await window.heading == name


async def _goes_to_the_review(window: Window, pieces: int) -> None:
    """Puts beer into the basket and chooses how it comes and is paid; the address is the company's."""
    await window.open(f"/products/{BEER}", "business")
    await window.fill(quantity=str(pieces))
    await window.press("Add to basket")
    await window.follow("Go to checkout", within="main")
    for name, value in (("shipping_method", "standard"), ("payment_method", "invoice")):
        await window.page.locator(f"main [name={name}][value={value}]").check()
    await window.press("Go on to the review")
    assert await window.heading == window.says("Review your order")


def _end_of(path: str) -> str:
    return path.rsplit("/", 1)[1]
