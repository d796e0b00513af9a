"""Languages: the texts of the site and of mails in the language of the person.

English texts are the keys. Translations are `.po` files: those of `app/translations/<language>/` and the
`translations/<language>.po` of each customer type; all of a language are merged.
"""

import gettext as python_gettext
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from app.customers.types import all_customer_types

TRANSLATIONS = Path(__file__).parent / "translations"
SOURCE_LANGUAGE = "en"
# What each language calls itself.
OWN_NAMES = {"en": "English", "de": "Deutsch"}

current_language: ContextVar[str] = ContextVar("current_language", default=SOURCE_LANGUAGE)
# In which moments are shown: the time zone of the application that answers (domain.md 10).
current_time_zone: ContextVar[str] = ContextVar("current_time_zone", default="UTC")


class Catalog(python_gettext.NullTranslations):
    """The translations of one language, read from .po files."""

    def __init__(self, messages: dict[str, str | tuple[str, ...]], plural_of: Any = None) -> None:
        super().__init__()
        self._messages = messages
        self._plural_of = plural_of or (lambda n: int(n != 1))

    def gettext(self, message: str) -> str:
        """The translation, or the message itself."""
        found = self._messages.get(message)
        return (found if isinstance(found, str) else found[0]) if found else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """The translation that fits the number n."""
        found = self._messages.get(msgid1)
        if isinstance(found, tuple):
            return found[min(self._plural_of(n), len(found) - 1)]
        return msgid1 if n == 1 else msgid2

    @property
    def messages(self) -> frozenset[str]:
        """Every message that has a translation."""
        return frozenset(self._messages)


@cache
def translations(language: str) -> Catalog:
    """The merged catalog of a language; empty for the source language and unknown ones."""
    messages: dict[str, str | tuple[str, ...]] = {}
    for path in translation_files(language):
        messages.update(_read_po(path))
    return Catalog(messages)


def translation_files(language: str) -> list[Path]:
    """Every .po file of a language, the base's first, so that a customer type may word a text anew."""
    own = sorted((TRANSLATIONS / language).glob("*.po"))
    of_types = [one.translations / f"{language}.po" for one in all_customer_types().values()]
    return own + [path for path in of_types if path.is_file()]


@cache
def spoken_languages() -> tuple[str, ...]:
    """The languages that the site can speak: the source language and those with translations."""
    return (SOURCE_LANGUAGE, *sorted(path.name for path in TRANSLATIONS.iterdir() if path.is_dir()))


def _read_po(path: Path) -> dict[str, str | tuple[str, ...]]:
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        catalog = read_po(file)
    return {
        (message.id if isinstance(message.id, str) else message.id[0]): (
            message.string if isinstance(message.string, str) else tuple(message.string)
        )
        for message in catalog
        if message.id and message.string and not message.fuzzy
    }


def gettext(message: str, **values: object) -> str:
    """The text in the language of the current request, with named placeholders filled in."""
    text = translations(current_language.get()).gettext(message)
    return text % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """The text that fits the number n, in the language of the current request."""
    return translations(current_language.get()).ngettext(singular, plural, n) % {"n": n, **values}


def text(message: str) -> str:
    """Marks a text that is translated where it is shown, and returns it unchanged."""
    return message


def in_language(texts: Mapping[str, str], language: str) -> str:
    """A text that is kept by language: in this one, else in English, else in any; "" for none."""
    return texts.get(language) or texts.get(SOURCE_LANGUAGE) or next(iter(texts.values()), "")


def preferred_language(wanted: str | None, accept_language: str, languages: tuple[str, ...]) -> str:
    """The first language that the site speaks: the wanted one, then Accept-Language (RFC 9110, 12.5.4)."""
    if wanted in languages:
        return wanted
    ranked: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept_language[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        if weight > 0:
            ranked.append((-weight, position, tag.split("-")[0].lower()))
    return next((tag for _, _, tag in sorted(ranked) if tag in languages), languages[0])


def _weight(parameter: str) -> float:
    _, _, value = parameter.replace(" ", "").partition("q=")
    try:
        return float(value) if value else 1.0
    except ValueError:
        return 0.0


def language_choices(languages: Iterable[str]) -> list[tuple[str, str]]:
    """Codes with the languages' own names, for a choice."""
    return [(code, OWN_NAMES.get(code, code)) for code in languages]


def date_text(value: date, language: str | None = None) -> str:
    """A date as people of the language write it; of a moment the day in the application's time zone."""
    # Of a moment only the day: a list of orders has many moments, and few days.
    day = _in_zone(value).date() if isinstance(value, datetime) else value
    return _date(day, language or current_language.get())


@lru_cache(maxsize=5_000)
def _date(day: date, language: str) -> str:
    from babel.dates import format_date

    return format_date(day, format="long", locale=language)


def datetime_text(value: datetime, language: str | None = None, time_zone: str = "") -> str:
    """A moment as people of the language write it, to the minute, in the application's time zone or
    another, and saying which."""
    from babel.dates import format_date, format_time, get_datetime_format, get_timezone_name

    locale, moment = language or current_language.get(), _in_zone(value, time_zone)
    name = get_timezone_name(moment, width="short", locale=locale)
    # Where the language has no name for the zone, the zone's own says more than hours and minutes.
    known = name if name.isalpha() else moment.tzname()
    # In the pattern, {0} is the time and {1} the day (Unicode CLDR, dateTimeFormats).
    time, day = (
        format_time(moment.time(), "short", locale=locale),
        format_date(moment, "medium", locale=locale),
    )
    pattern = str(get_datetime_format("medium", locale=locale))
    return f"{pattern.format(time, day)} {known}"


def _in_zone(value: datetime, time_zone: str = "") -> datetime:
    return value.astimezone(ZoneInfo(time_zone or current_time_zone.get()))


def money_text(minor_units: int, currency: str, language: str | None = None) -> str:
    """An amount in minor currency units as people of the language write it."""
    return _money(minor_units, currency, language or current_language.get())


# A page of products or orders writes dozens of amounts, mostly the same ones as the page before.
@lru_cache(maxsize=20_000)
def _money(minor_units: int, currency: str, language: str) -> str:
    from babel.numbers import format_currency, get_currency_precision

    amount = Decimal(minor_units).scaleb(-get_currency_precision(currency))
    return format_currency(amount, currency, locale=language)


def percent_text(percent: Decimal, language: str | None = None) -> str:
    """A percentage as people of the language write it: 5.5 is "5.5%" or "5,5 %"."""
    return _percent(percent, language or current_language.get())


@lru_cache(maxsize=5_000)
def _percent(percent: Decimal, language: str) -> str:
    from babel.numbers import format_percent

    return format_percent(percent / 100, locale=language, decimal_quantization=False)
