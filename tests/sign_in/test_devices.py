"""Browsers and systems by the names that their owners know."""

import pytest

from app.sign_in.devices import device_words, place_words

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "english", "german"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox on Linux", "Firefox auf Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome on Windows", None),
        (f"Mozilla/5.0 (Windows NT 10.0) {CHROME} Safari/537.36 Edg/140.0", "Edge on Windows", None),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {CHROME} Safari/537.36 OPR/120",
            "Opera on macOS",
            None,
        ),
        (f"Mozilla/5.0 (Linux; Android 15) {CHROME} Mobile Safari/537.36", "Chrome on Android", None),
        (
            f"Mozilla/5.0 (Linux; Android 15) SamsungBrowser/28.0 {CHROME} Safari",
            "Samsung Internet on Android",
            None,
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) CriOS/140.0 Safari",
            "Chrome on iPhone",
            None,
        ),
        ("Mozilla/5.0 (iPad; CPU OS 18_5 like Mac OS X) FxiOS/140.0 Safari", "Firefox on iPad", None),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.5 Safari/605", "Safari on macOS", None),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {CHROME} Safari/537.36", "Chrome on ChromeOS", None),
        ("curl/8.5.0", "Unknown device", "Unbekanntes Gerät"),
        ("", "Unknown device", "Unbekanntes Gerät"),
    ],
)
def test_a_device_is_called_by_browser_and_system(user_agent: str, english: str, german: str | None) -> None:
    assert device_words(user_agent, "en") == english
    assert device_words(user_agent, "de") == german or german is None


@pytest.mark.parametrize(
    ("family", "words"), [("IPv4", "IPv4"), ("IPv6", "IPv6"), ("local", "This machine"), ("", "")]
)
def test_a_place_is_no_more_than_the_kind_of_network(family: str, words: str) -> None:
    assert place_words(family, "en") == words
