"""Fields that staff fill in about what the shop sells: percentages, numbers, times, texts by language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated
from zoneinfo import ZoneInfo

from app.amounts import typed_decimal
from app.forms import Choice, F, Field, FilledForm, Form, Invalid, Text
from app.languages import current_time_zone
from app.languages import gettext as _

# Currencies with two decimals, since that is how amounts are typed.
CURRENCIES = ("EUR", "CHF", "GBP", "USD")


@dataclass(frozen=True, kw_only=True)
class Percent(Field):
    """A percentage with at most two decimals, at most 100; None while nothing is typed."""

    required: bool = False
    at_least: Decimal = Decimal("0.01")

    def empty(self) -> None:
        """No percentage."""
        return

    def value(self, raw: str) -> Decimal:
        """Refuses what is no percentage."""
        percent = typed_decimal(raw)
        if not self.at_least <= percent <= 100 or percent * 100 != int(percent * 100):
            raise Invalid(_("Please enter a percentage such as 12.5, at most 100."))
        return percent


@dataclass(frozen=True, kw_only=True)
class WholeNumber(Field):
    """A whole number; None while nothing is typed."""

    at_least: int = 0
    at_most: int = 1_000_000

    def empty(self) -> None:
        """No number."""
        return

    def value(self, raw: str) -> int:
        """Refuses what is no whole number between the two."""
        digits = raw.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) <= 12:
            number = int(raw)
            if self.at_least <= number <= self.at_most:
                return number
        raise Invalid(
            _(
                "Please enter a whole number from %(first)s to %(last)s.",
                first=self.at_least,
                last=self.at_most,
            )
        )


@dataclass(frozen=True, kw_only=True)
class Moment(Field):
    """A day and time as browsers send it, in the time zone in which pages of the application tell times; in UTC.

    In the hour that comes twice when the clocks are put back, the first one is meant unless the difference to UTC is
    typed as well, as in 2026-10-25T02:30+01:00. None while nothing is typed.
    """

    required: bool = False

    def empty(self) -> None:
        """No time."""
        return

    def value(self, raw: str) -> datetime:
        """Refuses what is no time, and the hour that is left out when the clocks are put forward."""
        try:
            typed = datetime.fromisoformat(raw)
            moment = typed if typed.tzinfo is not None else typed.replace(tzinfo=_zone())
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise Invalid(_no_time()) from None
        if not 2000 <= moment.year <= 2200:
            raise Invalid(_no_time())
        if typed.tzinfo is None and moment.astimezone(_zone()).replace(tzinfo=None) != typed:
            raise Invalid(
                _("There is no such time on that day: the clocks are put forward. Please enter a later one.")
            )
        return moment


def _zone() -> ZoneInfo:
    return ZoneInfo(current_time_zone.get())


def _no_time() -> str:
    return _("Please enter a date and time such as 2026-11-30T18:00.")


@dataclass(frozen=True, kw_only=True)
class NewId(Text):
    """The id of something new, which stands in its address and never changes."""

    max_length: int = 60

    def value(self, raw: str) -> str:
        """Refuses what cannot stand in an address; `new` is the page that makes another one."""
        typed = super().value(raw)
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", typed) is None or typed == "new":
            raise Invalid(
                _("Please use letters, digits, hyphens and underscores only, and not the word new.")
            )
        return typed


Currency = Annotated[str, Choice(options=tuple((one, one) for one in CURRENCIES))]


class Names(Form):
    """A name by language; English is what others fall back to."""

    en: Annotated[str, Text()]
    de: Annotated[str, Text(required=False)]


class LongTexts(Form):
    """Texts of several lines by language."""

    en: Annotated[str, Text(required=False, multiline=True, max_length=10_000)]
    de: Annotated[str, Text(required=False, multiline=True, max_length=10_000)]


class ShortTexts(Form):
    """Texts of a line by language."""

    en: Annotated[str, Text(required=False)]
    de: Annotated[str, Text(required=False)]


def by_language(
    typed: Names | LongTexts | ShortTexts, stored: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What was typed by language, without empty ones; other languages that are stored stay."""
    texts = {**(stored or {}), "en": typed.en, "de": typed.de}
    return {language: words for language, words in texts.items() if words}


def percent_as_typed(percent: Decimal | None) -> str:
    """A percentage as it is put into a field, without zeros at its end."""
    return "" if percent is None else f"{percent.normalize():f}"


def moment_as_typed(moment: datetime | None) -> str:
    """A time as `Moment` reads it, in the time zone of the application; "" for none.

    It is what a field of the type datetime-local wants, but for the second of two equal hours, which says which one
    it is (templates/back_office/selling/parts.html).
    """
    if moment is None:
        return ""
    there = moment.astimezone(_zone())
    typed = there.strftime("%Y-%m-%dT%H:%M" if not there.second else "%Y-%m-%dT%H:%M:%S")
    return typed + there.isoformat()[-6:] if there.fold else typed


def number_as_typed(number: int | None) -> str:
    """A number as it is put into a field."""
    return "" if number is None else str(number)


def filled_with(form: type[F], typed: Mapping[str, str | list[str]]) -> FilledForm[F]:
    """A form as it is shown for changing something that is there."""
    return FilledForm(
        form, {name: [one] if isinstance(one, str) else one for name, one in typed.items()}, frozenset()
    )
