"""Every page that a person can come to, and the way there: what accessibility and the strict policy are tried on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from app.demo.load import ADMINISTRATOR, BUYER, PASSWORD, PENDING_OWNER, SHOPPER, STAFF
from tests.authenticator import code_of
from tests.browser.window import Window

UNVERIFIED = "una.verified@stops.example"
REJECTED = "rae.jected@stops.example"
REMINDED = "emily.carter@example.com"
NEW_STAFF = "second.factor@stops.example"
OWN_PASSWORD = "a long walk by the sea"


@dataclass
class Prepared:
    """What some pages need: links out of mails."""

    verification_link: str = ""
    reset_link: str = ""


Reach = Callable[[Window, Prepared], Awaitable[int]]


@dataclass(frozen=True)
class Stop:
    """A page: who looks at it (a demo login or a stranger), where, how they get there, with which status."""

    name: str
    reach: Reach
    status: int = 200
    application: str = "shop"
    who: str = ""


def at(path: str, application: str = "shop") -> Reach:
    """The page of an address."""

    async def reach(window: Window, prepared: Prepared) -> int:
        return await window.open(path, application)

    return reach


async def proven(window: Window, status: int) -> int:
    """What comes after the page that asks again who one is, if it does ask."""
    if not window.path.endswith("/sign-in/again"):
        return status
    await window.fill(password=PASSWORD)
    return await window.leave_by(window.page.locator("main form button.button--primary"))


def at_proven(path: str, application: str = "shop") -> Reach:
    """The page of an address that may ask again who one is."""

    async def reach(window: Window, prepared: Prepared) -> int:
        return await proven(window, await window.open(path, application))

    return reach


def sent(path: str, button: str, application: str = "shop", **typed: str | bool) -> Reach:
    """The page after sending the form of an address."""

    async def reach(window: Window, prepared: Prepared) -> int:
        status = await window.open(path, application)
        if not path.startswith("/sign-in/"):
            await proven(window, status)
        await window.fill(**typed)
        return await window.press(button)

    return reach


async def verification_page(window: Window, prepared: Prepared) -> int:
    return await window.open(prepared.verification_link)


async def reset_page(window: Window, prepared: Prepared) -> int:
    return await window.open(prepared.reset_link)


async def reset_with_error(window: Window, prepared: Prepared) -> int:
    await window.open(prepared.reset_link)
    await window.fill(password="short")
    return await window.press("Save password")


async def correction_page(window: Window, prepared: Prepared) -> int:
    await sent("/sign-in", "Sign in", "business", login=REJECTED, password=OWN_PASSWORD)(window, prepared)
    return await window.follow("Correct the application", within="main")


async def correction_with_errors(window: Window, prepared: Prepared) -> int:
    await correction_page(window, prepared)
    await window.fill(company_name="", last_name="")
    return await window.press("Send application again")


async def a_mail(window: Window, prepared: Prepared) -> int:
    await window.open("/mailbox")
    return await window.leave_by(window.page.locator("tbody tr").first.get_by_role("link"))


async def edited_address(window: Window, prepared: Prepared) -> int:
    await window.open("/account/addresses")
    return await window.leave_by(window.page.get_by_role("link", name=window.says("Edit address")).first)


async def question_before_deleting(window: Window, prepared: Prepared) -> int:
    await window.open("/account/addresses")
    return await window.leave_by(window.page.get_by_role("link", name=window.says("Delete address")).last)


async def address_that_stays(window: Window, prepared: Prepared) -> int:
    """The first one is preferred; its page shows which others could be instead."""
    await window.open("/account/addresses")
    return await window.leave_by(window.page.get_by_role("link", name=window.says("Delete address")).first)


async def edited_meanwhile(window: Window, prepared: Prepared) -> int:
    """Two windows change one profile: the slower one is asked which entry shall stay."""
    other = Window(await window.page.context.new_page(), window.url, window.language)
    await window.open("/account/profile", "business")
    await other.open("/account/profile", "business")
    is_one = await other.page.input_value("[name=department]") == "Purchasing 1"
    await other.fill(department="Purchasing 2" if is_one else "Purchasing 1")
    await other.press("Save profile")
    await other.page.close()
    await window.fill(department="Buying")
    return await window.press("Save profile")


async def stale_form(window: Window, prepared: Prepared) -> int:
    await window.open("/sign-in")
    await window.page.context.clear_cookies()
    await window.fill(login="somebody@stops.example", password=OWN_PASSWORD)
    return await window.press("Sign in")


async def customer_page(window: Window, prepared: Prepared) -> int:
    return await window.open("/customers/ALFKI", "back-office")


async def an_individual(window: Window, prepared: Prepared) -> int:
    await window.open("/customers?q=emily", "back-office")
    return await window.leave_by(window.page.locator("tbody tr").first.get_by_role("link"))


async def recovery_codes(window: Window, prepared: Prepared) -> int:
    """Takes an authenticator into use, which a person can do once."""
    await second_factor_asked(window, prepared)
    await window.choose_language()
    await window.open("/sign-in/second-factor/set-up", "back-office")
    key = (await window.page.inner_text("main code")).replace(" ", "")
    await window.fill(code=code_of(key))
    return await window.press("Use this authenticator")


async def second_factor_asked(window: Window, prepared: Prepared) -> int:
    """The second page of signing in, once there is a second factor."""
    return await sent("/sign-in", "Sign in", "back-office", login=NEW_STAFF, password=OWN_PASSWORD)(
        window, prepared
    )


async def second_factor_wrong(window: Window, prepared: Prepared) -> int:
    await second_factor_asked(window, prepared)
    await window.fill(code="000000")
    return await window.press("Continue")


STRANGER = [
    Stop("home", at("/")),
    Stop("category", at("/categories/beverages")),
    Stop("registration", at("/register/individual")),
    Stop("registration-choice", at("/register")),
    Stop(
        "registration-errors",
        sent("/register/individual", "Create account", email="x", password="short"),
        422,
    ),
    Stop("registered", at("/register/done?customer_type=individual")),
    Stop("verify-email", verification_page, application="business"),
    Stop("verify-email-invalid", at("/verify-email?token=nonsense"), 410),
    Stop("verify-email-again-error", sent("/verify-email?token=nonsense", "Send a new link"), 422),
    Stop("verification-sent", at("/verify-email/sent")),
    Stop("email-verified", at("/verify-email/done", "business")),
    Stop("sign-in", at("/sign-in")),
    Stop("sign-in-empty", sent("/sign-in", "Sign in"), 422),
    Stop("sign-in-error", sent("/sign-in", "Sign in", login="nobody@stops.example", password="wrong"), 422),
    Stop("forgotten-password", at("/forgotten-password")),
    Stop("forgotten-password-error", sent("/forgotten-password", "Send link"), 422),
    Stop("reminder-sent", at("/reminder-sent")),
    Stop("reset-password", reset_page),
    Stop("reset-password-error", reset_with_error, 422),
    Stop("reset-password-invalid", at("/reset-password?token=nonsense"), 410),
    Stop("terms", at("/terms")),
    Stop("privacy-policy", at("/privacy")),
    Stop("imprint", at("/imprint")),
    Stop("mailbox", at("/mailbox")),
    Stop("mail", a_mail),
    Stop("error-403", stale_form, 403),
    Stop("error-404", at("/nothing-here"), 404),
    Stop("error-405", at("/sign-out"), 405),
]

STRANGER_AT_BUSINESS = [
    Stop("business-home", at("/", "business")),
    Stop("business-registration", at("/register/smb", "business")),
    Stop(
        "business-registration-errors",
        sent("/register/smb", "Create account", "business", taxation_id="nonsense", address_street="x"),
        422,
    ),
    Stop("business-registered", at("/register/done?customer_type=smb", "business")),
    Stop(
        "refused-wrong-shop",
        sent("/sign-in", "Sign in", "business", login=SHOPPER, password=PASSWORD),
        403,
    ),
    Stop(
        "refused-awaiting-approval",
        sent("/sign-in", "Sign in", "business", login=PENDING_OWNER, password=PASSWORD),
        403,
    ),
    Stop(
        "refused-not-verified",
        sent("/sign-in", "Sign in", "business", login=UNVERIFIED, password=OWN_PASSWORD),
        403,
    ),
    Stop(
        "refused-rejected",
        sent("/sign-in", "Sign in", "business", login=REJECTED, password=OWN_PASSWORD),
        403,
    ),
    Stop("correct-application", correction_page),
    Stop("correct-application-errors", correction_with_errors, 422),
]

SHOPPERS = [
    Stop("account", at("/account"), who=SHOPPER),
    Stop("profile", at("/account/profile"), who=SHOPPER),
    Stop(
        "profile-errors",
        sent("/account/profile", "Save profile", first_name="", phone="x"),
        422,
        who=SHOPPER,
    ),
    Stop("addresses", at("/account/addresses"), who=SHOPPER),
    Stop("new-address", at("/account/addresses/new"), who=SHOPPER),
    Stop(
        "new-address-errors",
        sent("/account/addresses/new", "Save address", first_name=""),
        422,
        who=SHOPPER,
    ),
    Stop("edited-address", edited_address, who=SHOPPER),
    Stop("delete-address", question_before_deleting, who=SHOPPER),
    Stop("address-that-stays", address_that_stays, who=SHOPPER),
    Stop("home-signed-in", at("/"), who=SHOPPER),
    Stop("business-account", at("/account", "business"), application="business", who=ADMINISTRATOR),
    Stop("business-profile", at("/account/profile", "business"), application="business", who=ADMINISTRATOR),
    Stop("company", at("/account/company", "business"), application="business", who=ADMINISTRATOR),
    Stop(
        "company-errors",
        sent("/account/company", "Save company", "business", company_name="", taxation_id="x"),
        422,
        "business",
        ADMINISTRATOR,
    ),
    Stop(
        "business-addresses", at("/account/addresses", "business"), application="business", who=ADMINISTRATOR
    ),
    Stop("profile-edited-meanwhile", edited_meanwhile, 409, "business", ADMINISTRATOR),
    Stop("company-to-read", at("/account/company", "business"), application="business", who=BUYER),
    Stop("business-new-address", at("/account/addresses/new", "business"), application="business", who=BUYER),
]


def of_staff(name: str, reach: Reach, status: int = 200) -> Stop:
    return Stop(name, reach, status, "back-office", STAFF)


BACK_OFFICE = [
    Stop("staff-sign-in", at("/sign-in", "back-office"), application="back-office"),
    Stop("staff-sign-in-error", sent("/sign-in", "Sign in", "back-office", login="x", password="y"), 422),
    Stop("staff-forgotten-user-name", at("/forgotten-user-name", "back-office"), application="back-office"),
    of_staff("work-list", at("/", "back-office")),
    of_staff("customers", at("/customers", "back-office")),
    of_staff("customers-page-2", at("/customers?page=2&type=SMB", "back-office")),
    of_staff("customers-pending", at("/customers?approval=pending", "back-office")),
    of_staff("customers-none-found", at("/customers?q=nobody-has-this-name", "back-office")),
    of_staff("customers-none-ticked", sent("/customers?approval=pending", "Reject", "back-office"), 422),
    of_staff("customer-company", at("/customers/ALFKI", "back-office")),
    of_staff("customer-pending", at("/customers/PENDING", "back-office")),
    of_staff("customer-individual", an_individual),
    of_staff("new-customer", at("/customers/new", "back-office")),
    of_staff("new-customer-form", at("/customers/new?type=SMB", "back-office")),
    of_staff(
        "new-customer-errors",
        sent("/customers/new?type=INDIVIDUAL", "Create customer", "back-office", email="x"),
        422,
    ),
    of_staff("mails-sent", at("/mail?state=sent", "back-office")),
    of_staff("mails-failed", at("/mail?state=failed", "back-office")),
    of_staff("audit", at("/audit", "back-office")),
    of_staff("second-factor-set-up", at("/sign-in/second-factor/set-up", "back-office")),
    of_staff(
        "second-factor-set-up-error",
        sent("/sign-in/second-factor/set-up", "Use this authenticator", "back-office", code="x"),
        422,
    ),
    of_staff("back-office-404", at("/customers/nobody", "back-office"), 404),
    Stop("recovery-codes", recovery_codes, application="back-office"),
    Stop("second-factor", second_factor_asked, application="back-office"),
    Stop("second-factor-wrong", second_factor_wrong, 422, "back-office"),
]

ALL_STOPS = [*STRANGER, *STRANGER_AT_BUSINESS, *SHOPPERS, *BACK_OFFICE]
