"""The pages for signing in by code, and those of passkeys."""

from app.demo.load import PASSWORD, SHOPPER
from tests.browser.passkeys import VirtualAuthenticator, plug_in
from tests.browser.stops import Prepared, Reach, Stop, at, sent
from tests.browser.window import Window

NOBODY = "nobody@stops.example"


def proved(path: str) -> Reach:
    """A page for people who proved within five minutes who they are."""

    async def reach(window: Window, prepared: Prepared) -> int:
        await sent("/sign-in", "Sign in", login=SHOPPER, password=PASSWORD)(window, prepared)
        await window.choose_language()
        return await window.open(path)

    return reach


async def wrong_code(window: Window, prepared: Prepared) -> int:
    await sent("/sign-in/code", "Send code", login=NOBODY)(window, prepared)
    await window.fill(code="000000")
    return await window.press("Sign in")


async def own_passkey(window: Window, prepared: Prepared) -> int:
    """Adds a passkey of a virtual device, and opens its page."""
    await plug_in(window, VirtualAuthenticator())
    await proved("/account/security/passkeys/new")(window, prepared)
    await window.press("Add a passkey")
    return await window.follow("Rename or remove", within="main")


async def unnamed_passkey(window: Window, prepared: Prepared) -> int:
    await proved("/account/security")(window, prepared)
    has_one = await window.page.get_by_role("link", name=window.says("Rename or remove")).count()
    await (window.follow("Rename or remove", within="main") if has_one else own_passkey(window, prepared))
    await window.fill(name="")
    return await window.press("Save name")


PASSWORDLESS = [
    Stop("sign-in-by-code", at("/sign-in/code")),
    Stop("sign-in-by-code-error", sent("/sign-in/code", "Send code"), 422),
    Stop("enter-code", sent("/sign-in/code", "Send code", login=NOBODY)),
    Stop("enter-code-error", wrong_code, 422),
    Stop("new-passkey", proved("/account/security/passkeys/new")),
    Stop("passkey", own_passkey),
    Stop("passkey-error", unnamed_passkey, 422),
]
