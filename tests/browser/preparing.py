"""What must have happened before some pages exist: people who registered, were rejected, forgot a password."""

from app.demo.load import PASSWORD, SHOPPER, STAFF
from tests.browser.stops import NEW_STAFF, OWN_PASSWORD, REJECTED, REMINDED, UNVERIFIED, Prepared
from tests.browser.window import Window
from tests.patron_process import PatronProcess, environment, patron


async def prepare(window: Window, running: PatronProcess) -> Prepared:
    """Does it in one window, as those people would."""
    add_staff_member(running)
    await register_company(window, UNVERIFIED)
    verification_link = await link_of_mail(window, UNVERIFIED, "Please confirm your e-mail address")
    await register_company(window, REJECTED)
    await window.open(await link_of_mail(window, REJECTED, "Please confirm your e-mail address"))
    await window.press("Confirm e-mail address")
    await reject(window, REJECTED)
    await add_second_address(window)
    await window.open("/forgotten-password")
    await window.fill(email=REMINDED)
    await window.press("Send link")
    reset_link = await link_of_mail(window, REMINDED, "Choose a new password")
    return Prepared(verification_link=verification_link, reset_link=reset_link)


def add_staff_member(running: PatronProcess) -> None:
    """The one who sets up a second factor, by the command that operators use."""
    done = patron(
        *("staff", "add", "--email", NEW_STAFF, "--login", NEW_STAFF),
        *("--first-name", "Toni", "--last-name", "Zwei", "--password-stdin"),
        env=environment(running.data_dir, running.database_url),
        stdin=f"{OWN_PASSWORD}\n",
    )
    assert done.returncode == 0, done.stderr


async def register_company(window: Window, email: str) -> None:
    """Registers a company at the business shop."""
    await window.open("/register/smb", "business")
    await window.fill(
        email=email,
        password=OWN_PASSWORD,
        first_name="Sam",
        last_name="Stop",
        company_name=f"Company of {email}",
        terms=True,
    )
    await window.press("Create account")


async def reject(window: Window, email: str) -> None:
    """Rejects the only customer of that e-mail."""
    await window.open("/sign-in", "back-office")
    await window.fill(login=STAFF, password=PASSWORD)
    await window.press("Sign in")
    await window.open(f"/customers?q={email}", "back-office")
    await window.leave_by(window.page.locator("tbody tr").first.get_by_role("link"))
    await window.fill(comment="Please tell us the taxation id of your company.")
    await window.press("Reject")


async def add_second_address(window: Window) -> None:
    """One that the shopper can delete: the preferred one cannot be."""
    await window.open("/sign-in")
    await window.fill(login=SHOPPER, password=PASSWORD)
    await window.press("Sign in")
    await window.open("/account/addresses/new")
    await window.fill(country="DE", street="Am Hafen 3", postal_code="20457", city="Hamburg")
    await window.leave_by(window.page.locator("main form button.button--primary"))
    await window.leave_by(window.page.locator("header .sign-out button"))


async def link_of_mail(window: Window, to: str, subject: str) -> str:
    """The link in a mail that acts for its reader."""
    await window.read_mail(to, subject)
    link = await window.page.locator(".mail-text a[href*='token=']").first.get_attribute("href")
    assert link is not None
    return link
