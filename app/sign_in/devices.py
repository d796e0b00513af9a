"""What a browser says of itself, in words that its owner knows: "Firefox on Windows".

A short table rather than a library: a person tells their devices apart by browser and system, and the lists of
libraries, which know hundreds of versions and robots, cost memory and time to start.
"""

from dataclasses import dataclass

from app.languages import current_language, text, translations

# In this order: Edge, Opera and others call themselves Chrome as well, and all call themselves Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
# Android calls itself Linux as well, and iPhones and iPads call themselves Mac OS X.
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_BOTH = text("%(browser)s on %(system)s")
_UNKNOWN = text("Unknown device")
_THIS_MACHINE = text("This machine")


@dataclass(frozen=True, slots=True)
class Device:
    """Browser and system by their own names; "" for what nobody knows."""

    browser: str
    system: str


def device_of(user_agent: str) -> Device:
    """The browser and the system that a User-Agent names."""
    return Device(_first(BROWSERS, user_agent), _first(SYSTEMS, user_agent))


def device_words(user_agent: str, language: str | None = None) -> str:
    """The device in one phrase of the language, by default the visitor's. Nothing of what was sent is in it."""
    device = device_of(user_agent)
    words = translations(language or current_language.get())
    if device.browser and device.system:
        return words.gettext(_BOTH) % {"browser": device.browser, "system": device.system}
    return device.browser or device.system or words.gettext(_UNKNOWN)


def place_words(address_family: str, language: str | None = None) -> str:
    """From where, as far as an address family tells: "IPv4", "IPv6", "This machine", or ""."""
    if address_family == "local":
        return translations(language or current_language.get()).gettext(_THIS_MACHINE)
    return address_family


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for sign, name in names if sign in user_agent), "")
