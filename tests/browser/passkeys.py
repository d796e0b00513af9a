"""Chromium's virtual authenticator: a device that keeps passkeys and answers at once."""

from dataclasses import dataclass

from tests.browser.window import Window


@dataclass(frozen=True)
class VirtualAuthenticator:
    """How the device behaves: whether it verifies its person, and whether somebody touches it."""

    verifies: bool = True
    is_present: bool = True


async def plug_in(window: Window, device: VirtualAuthenticator) -> None:
    """Gives the window a device that keeps passkeys."""
    session = await window.page.context.new_cdp_session(window.page)
    await session.send("WebAuthn.enable")
    await session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": device.verifies,
                "automaticPresenceSimulation": device.is_present,
            }
        },
    )
