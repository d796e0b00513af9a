"""Forms: what was typed, read field by field so that all errors are told at once.

A form is a small msgspec struct whose fields say by annotation how they are read:

    class SignInForm(Form):
        login: Annotated[str, Text()]
        password: Annotated[str, CurrentPassword()]

`read_form` gives a `FilledForm`: the struct when everything is right, else the errors by field, with what was
typed kept for showing the page again (never passwords). A field that is itself a Form is a group: its fields
are named with the group's prefix, and an optional group is None while nothing was typed in it.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from litestar import Request

from app.field_labels import field_label
from app.languages import gettext as _

F = TypeVar("F", bound="Form")


class Invalid(ValueError):
    """A field holds what it may not; the message is for the person."""


class Form(msgspec.Struct, kw_only=True):
    """What a form asks."""

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Checks across fields: yields (field, message). Only fields that were read well are in `values`."""
        return iter(())


@dataclass(frozen=True, kw_only=True)
class Field:
    """How one field is read."""

    required: bool = True
    # Never shown again once typed.
    is_secret: bool = False

    def read(self, typed: Sequence[str]) -> Any:
        """The value of what was typed (one string per occurrence of the field). Raises Invalid."""
        raw = self.clean(typed[0] if typed else "")
        if not raw:
            if self.required:
                raise Invalid(_("Please fill in this field."))
            return self.empty()
        return self.value(raw)

    def clean(self, raw: str) -> str:
        """What was typed, without blanks around it and in one Unicode form."""
        return unicodedata.normalize("NFC", raw).strip()

    def empty(self) -> Any:
        """The value of an optional field that was left empty."""
        return ""

    def value(self, raw: str) -> Any:
        """The value of a non-empty, cleaned string. Raises Invalid."""
        return raw


# What turns the direction of writing for all that follows (UAX 9). Letters of any script need none of it.
_TURNING = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

# Control characters but for tabs and line ends; in HTML they are no text.
_NEVER_SHOWN = dict.fromkeys({*range(0x20), *range(0x7F, 0xA0)} - set(b"\t\n\r"))


def _has_controls(raw: str, allowed: str = "") -> bool:
    return any(unicodedata.category(c) in ("Cc", "Cs") and c not in allowed for c in raw)


@dataclass(frozen=True, kw_only=True)
class Text(Field):
    """One line of text, or several."""

    max_length: int = 200
    multiline: bool = False

    def clean(self, raw: str) -> str:
        """Without what would let all that follows, on a page or in a mail, be read as something else. Address books
        of phones put it around numbers that are copied: nobody knows that it is there."""
        return super().clean(raw.translate(_TURNING))

    def value(self, raw: str) -> str:
        """Refuses control characters: a line break in a name would end up in a mail header."""
        if _has_controls(raw, "\r\n\t" if self.multiline else ""):
            raise Invalid(_("Please use letters, digits and signs only, without line breaks."))
        if len(raw) > self.max_length:
            raise Invalid(_("Please use at most %(n)s characters.", n=self.max_length))
        return raw


@dataclass(frozen=True, kw_only=True)
class WhereTo(Field):
    """A page to go to afterwards; only `app.links.path_within` judges it. Never an error: nobody types it."""

    required: bool = False

    def clean(self, raw: str) -> str:
        """Exactly what was sent."""
        return raw


@dataclass(frozen=True, kw_only=True)
class Secret(Field):
    """Something typed exactly, for example the current password; not trimmed, never shown again."""

    is_secret: bool = True

    def clean(self, raw: str) -> str:
        """Exactly what was typed."""
        return raw


@dataclass(frozen=True, kw_only=True)
class Choice(Field):
    """One of a few values; `options` are (value, English text)."""

    options: tuple[tuple[str, str], ...]

    def value(self, raw: str) -> str:
        """Refuses what is not offered."""
        if raw not in {value for value, _text in self.options}:
            raise Invalid(_("Please choose one of the options."))
        return raw


@dataclass(frozen=True, kw_only=True)
class Flag(Field):
    """A checkbox. `required` means that it must be ticked; `must` says why."""

    required: bool = False
    must: str = ""

    def read(self, typed: Sequence[str]) -> bool:
        """True when the box was ticked."""
        ticked = bool(typed) and typed[0].strip().lower() in ("on", "true", "1", "yes")
        if self.required and not ticked:
            raise Invalid(_(self.must) if self.must else _("Please tick this box."))
        return ticked


@dataclass(frozen=True, kw_only=True)
class Day(Field):
    """A date as browsers send it (ISO 8601), or as German readers type it."""

    required: bool = False
    in_the_past: bool = False

    def empty(self) -> None:
        """No date."""
        return

    def value(self, raw: str) -> date:
        """Refuses what is no date, and a future one where it must lie in the past."""
        for pattern in ("%Y-%m-%d", "%d.%m.%Y"):
            try:
                day = datetime.strptime(raw, pattern).replace(tzinfo=UTC).date()
            except ValueError:
                continue
            if self.in_the_past and not date(1900, 1, 1) <= day <= datetime.now(UTC).date():
                raise Invalid(_("Please enter a date in the past."))
            return day
        raise Invalid(_("Please enter a date such as 1985-03-31."))


@dataclass(frozen=True, kw_only=True)
class Several(Field):
    """All values of a field that may occur many times, for example ticked rows of a list."""

    required: bool = False
    at_most: int = 500
    max_length: int = 100

    def read(self, typed: Sequence[str]) -> list[str]:
        """The non-empty values in their order, each once."""
        values = list(dict.fromkeys(one.strip() for one in typed if one.strip()))
        if self.required and not values:
            raise Invalid(_("Please choose at least one."))
        if len(values) > self.at_most or any(len(one) > self.max_length for one in values):
            raise Invalid(_("Please choose fewer at a time."))
        if any(map(_has_controls, values)):
            # No page offers it, and the database takes no NUL.
            raise Invalid(_("Please choose one of the options."))
        return values


@dataclass(frozen=True, kw_only=True)
class Group:
    """The fields of another form, named with a prefix; None while nothing is typed in an optional one."""

    prefix: str = ""
    optional: bool = False
    # Fields that do not count as typed, since the page fills them in by itself.
    preset: tuple[str, ...] = ()


class FilledForm(Generic[F]):
    """A form with what was typed in it. Templates use value, values, error and errors."""

    def __init__(self, form: type[F], typed: Mapping[str, Sequence[str]], secrets: frozenset[str]) -> None:
        self._form = form
        self._typed = typed
        self._secrets = secrets
        self._errors: dict[str, str] = {}
        self._data: F | None = None

    @property
    def is_valid(self) -> bool:
        """Whether there is no error."""
        return not self._errors and self._data is not None

    @property
    def data(self) -> F:
        """The struct. Raises RuntimeError when the form has errors."""
        if self._data is None:
            raise RuntimeError(f"{self._form.__name__} has errors: {sorted(self._errors)}")
        return self._data

    @property
    def errors(self) -> list[tuple[str, str]]:
        """(field, message) in the order of the form; a message without field comes first with ""."""
        order = {name: position for position, name in enumerate(field_names(self._form))}
        return sorted(self._errors.items(), key=lambda item: order.get(item[0], -1))

    def add_error(self, field: str, message: str) -> None:
        """Notes an error at a field, or at the whole form with ""; the first of a field stays."""
        self._errors.setdefault(field, message)

    def error(self, name: str) -> str | None:
        """The message at a field."""
        return self._errors.get(name)

    def value(self, name: str) -> str:
        """What was typed in a field, never a password."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """All that was typed in a field that occurs many times, without what neither pages nor the database take."""
        if name in self._secrets:
            return []
        return [without_controls(one) for one in self._typed.get(name, ())]

    def label(self, name: str) -> str:
        """What a field is called, in English, for the summary of errors."""
        return field_label(name)

    def options(self, name: str) -> list[tuple[str, str]]:
        """(value, English text) of a field that is a choice."""
        return next((list(one.options) for field, one in _choices(self._form) if field == name), [])

    def set_data(self, data: F) -> None:
        """Keeps the struct once everything was read well."""
        self._data = data


async def read_form(request: Request[Any, Any, Any], form: type[F], **instead: str) -> FilledForm[F]:
    """Reads a form from the request's body. Fields that the form does not know are left alone; of those in `instead`
    that counts, and not what was sent."""
    sent = await request.form()
    typed: dict[str, list[str]] = {}
    for name, value in sent.multi_items():
        # An upload where text is asked counts as nothing typed.
        typed.setdefault(name, []).append(value if isinstance(value, str) else "")
    return fill(form, typed | {name: [value] for name, value in instead.items()})


def fill(form: type[F], typed: Mapping[str, Sequence[str]]) -> FilledForm[F]:
    """Reads a form from what was typed."""
    filled = FilledForm(form, typed, frozenset(_secret_names(form)))
    data = _read(form, "", typed, filled)
    if data is not None and not filled.errors:
        filled.set_data(data)
    return filled


def blank(form: type[F], **values: str) -> FilledForm[F]:
    """A form that nobody has filled in yet, with values to begin with."""
    return FilledForm(form, {name: [value] for name, value in values.items()}, frozenset(_secret_names(form)))


def without_controls(typed: str) -> str:
    """A text, of one line or several, without the control characters that no page can show."""
    return typed.translate(_NEVER_SHOWN)


def asked_for(typed: str, longest: int = 200) -> str:
    """What a parameter of an address asks for, on one line and without signs that nobody sees: they are in no name,
    and some of them the database does not take."""
    seen = (" " if one.isspace() else one for one in typed if one.isspace() or one.isprintable())
    return "".join(seen).strip()[:longest]


def field_names(form: type[Form], prefix: str = "") -> list[str]:
    """All names of the form's fields as they are sent, groups included, in order."""
    names: list[str] = []
    for name, (spec, inner) in _specs(form).items():
        if isinstance(spec, Group):
            names += field_names(inner, prefix + spec.prefix)
        else:
            names.append(prefix + name)
    return names


def _read(
    form: type[F], prefix: str, typed: Mapping[str, Sequence[str]], filled: FilledForm[Any]
) -> F | None:
    values: dict[str, Any] = {}
    failed = False
    for name, (spec, inner) in _specs(form).items():
        if isinstance(spec, Group):
            if spec.optional and _is_untouched(inner, prefix + spec.prefix, spec.preset, typed):
                values[name] = None
                continue
            values[name] = _read(inner, prefix + spec.prefix, typed, filled)
            failed = failed or values[name] is None
            continue
        try:
            values[name] = spec.read(typed.get(prefix + name, ()))
        except Invalid as problem:
            filled.add_error(prefix + name, str(problem))
            failed = True
    for name, message in form.problems(values):
        filled.add_error(prefix + name, message)
        failed = True
    return None if failed else form(**values)


def _is_untouched(
    form: type[Form], prefix: str, preset: tuple[str, ...], typed: Mapping[str, Sequence[str]]
) -> bool:
    return not any(
        value.strip()
        for name in field_names(form)
        if name not in preset
        for value in typed.get(prefix + name, ())
    )


def _choices(form: type[Form], prefix: str = "") -> Iterator[tuple[str, Choice]]:
    for name, (spec, inner) in _specs(form).items():
        if isinstance(spec, Group):
            yield from _choices(inner, prefix + spec.prefix)
        elif isinstance(spec, Choice):
            yield prefix + name, spec


def _secret_names(form: type[Form], prefix: str = "") -> Iterator[str]:
    for name, (spec, inner) in _specs(form).items():
        if isinstance(spec, Group):
            yield from _secret_names(inner, prefix + spec.prefix)
        elif spec.is_secret:
            yield prefix + name


@cache
def _specs(form: type[Form]) -> dict[str, tuple[Any, Any]]:
    """Field name -> (Field or Group, the annotated type without None)."""
    specs: dict[str, tuple[Any, Any]] = {}
    hints = get_type_hints(form, include_extras=True)
    for name in form.__struct_fields__:
        annotation = hints[name]
        if get_origin(annotation) is not Annotated:
            raise TypeError(f"{form.__name__}.{name} does not say how it is read.")
        kind, spec, *_rest = get_args(annotation)
        inner = next((one for one in get_args(kind) if one is not type(None)), kind)
        specs[name] = (spec, inner)
    return specs
