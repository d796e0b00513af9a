"""The privacy policy names every cookie that a shop sets (security.md)."""

import re
from pathlib import Path

from tests.browser_like import visit

APP = Path(__file__).parent.parent / "app"
# What the policy says of each.
SAID = {
    "basket": "one for your basket",
    "checkout": "what you have typed in the checkout",
    "code": "by a code",
    "csrf": "one against forged requests",
    "device": "knows this browser again",
    "flash": "one for messages on the next page",
    "language": "one for your language",
    "orders": "one for the orders of a guest",
    "passkey": "a passkey",
    "prices": "one for how prices are shown",
    "session": "one for your sign-in",
}


async def test_the_privacy_policy_names_every_cookie(database):
    asked = r"""cookie_name\(["'](\w+)["']\)"""
    named = {name for path in APP.rglob("*.py") for name in re.findall(asked, path.read_text())}
    assert named == set(SAID), "say in the privacy policy what it is for"
    policy = (await (await visit("shop")).get("/privacy")).main
    for words in SAID.values():
        assert words in policy
