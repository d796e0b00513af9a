"""The pages of what protects an account: sessions, history, authenticator, and being asked again who one is."""

from app.demo.load import PASSWORD, SHOPPER
from tests.authenticator import code_of
from tests.browser.stops import OWN_PASSWORD, Prepared, Reach, Stop, at, of_staff, sent
from tests.browser.window import Window

# A shopper who registers here, since the logins of the demo go on without an authenticator.
CAUTIOUS = "cara.cautious@stops.example"
# What this shopper has written down; each code lets in once.
_recovery_codes: list[str] = []


def after_proving(path: str) -> Reach:
    """A page for people who proved just now who they are: it asks again when that was some time ago."""

    async def reach(window: Window, prepared: Prepared) -> int:
        status = await window.open(path)
        if window.path != "/sign-in/again":
            return status
        await window.fill(password=PASSWORD)
        return await window.leave_by(window.page.locator("main form button.button--primary"))

    return reach


async def wrong_first_code(window: Window, prepared: Prepared) -> int:
    await after_proving("/account/security/authenticator")(window, prepared)
    await window.choose_language()
    await window.fill(code="x")
    return await window.press("Use this authenticator")


async def own_recovery_codes(window: Window, prepared: Prepared) -> int:
    """Registers, and takes an authenticator into use, which a person can do once."""
    await window.open("/register/individual")
    await window.fill(
        email=CAUTIOUS, password=OWN_PASSWORD, first_name="Cara", last_name="Cautious", terms=True
    )
    await window.press("Create account")
    await window.read_mail(CAUTIOUS, window.says("Please confirm your e-mail address"))
    await window.follow_link_of_mail("verify-email")
    await window.press("Confirm e-mail address")
    await _sign_in(window)
    await window.open("/account/security/authenticator")
    key = (await window.page.inner_text("main code")).replace(" ", "")
    await window.fill(code=code_of(key, -30))
    status = await window.press("Use this authenticator")
    _recovery_codes.extend(await window.page.locator("main li code").all_inner_texts())
    return status


async def _sign_in(window: Window) -> None:
    await window.open("/sign-in")
    await window.fill(login=CAUTIOUS, password=OWN_PASSWORD)
    await window.press("Sign in")


async def with_authenticator(window: Window, prepared: Prepared) -> int:
    """The security page of the cautious shopper, who comes in with a recovery code."""
    await _sign_in(window)
    await window.fill(code=_recovery_codes.pop())
    await window.press("Continue")
    # Who has registered at another stop may have another language than the one who looks.
    await window.choose_language()
    return await window.open("/account/security")


def then(link: str) -> Reach:
    """A page that the security page of the cautious shopper leads to."""

    async def reach(window: Window, prepared: Prepared) -> int:
        await with_authenticator(window, prepared)
        return await window.follow(link, within="main")

    return reach


SECURITY = [
    Stop("security", at("/account/security"), who=SHOPPER),
    Stop("sign-in-again", at("/sign-in/again?next=/account/security"), who=SHOPPER),
    Stop("sign-in-again-error", sent("/sign-in/again", "Continue", password="wrong"), 422, who=SHOPPER),
    Stop("authenticator", after_proving("/account/security/authenticator"), who=SHOPPER),
    Stop("authenticator-error", wrong_first_code, 422, who=SHOPPER),
    Stop("own-recovery-codes", own_recovery_codes),
    Stop("security-with-authenticator", with_authenticator),
    Stop("new-recovery-codes", then("Make new recovery codes")),
    Stop("remove-authenticator", then("Remove authenticator")),
    of_staff("staff-security", at("/security", "back-office")),
]
