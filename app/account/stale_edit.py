"""An edit of something that somebody else has changed meanwhile: both versions, and a choice (security.md)."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from app.forms import FilledForm
from app.pages import Page

# The largest number that the column of a version can hold.
LARGEST = 2**31 - 1


def version_of(form: FilledForm[Any]) -> int | None:
    """The version that an edit began with; None where it was not sent, and so is not compared."""
    typed = form.value("version").strip()
    # Python refuses to read a number of thousands of digits, and the database one beyond LARGEST.
    return min(int(typed[:10]), LARGEST) if typed.isascii() and typed.isdigit() else None


def stale_page(
    route: str,
    labels: Mapping[str, str],
    typed: Mapping[str, Any],
    stored: Mapping[str, Any],
    version: int,
    words: Mapping[str, Callable[[str], str]] | None = None,
    /,
    **values: object,
) -> Page:
    """The page with both versions, status 409. `labels` (field -> English text) says what is compared, `words`
    how people read what is stored of a field where that is a code. Lists are what is ticked, in one order.

    The person sends their own version again, now knowing of the other, or goes back to what is stored.
    `route` with `values` is both the page of the form and where it is sent.
    """

    def read(name: str, value: object) -> str:
        shown = [(words or {})[name](one) if one and name in (words or {}) else one for one in _values(value)]
        return ", ".join(shown)

    return Page(
        "account/stale_edit.html",
        status_code=409,
        route=route,
        values=values,
        rows=[
            (label, read(name, typed[name]), read(name, stored[name]))
            for name, label in labels.items()
            if name in typed and _values(typed[name]) != _values(stored[name])
        ],
        fields=[(name, one) for name, value in typed.items() for one in _values(value)],
        version=version,
    )


def _values(value: object) -> list[str]:
    """What a field holds: one value, or those that are ticked."""
    return [shown_value(one) for one in value] if isinstance(value, list | tuple) else [shown_value(value)]


def shown_value(value: object) -> str:
    """A stored value as a form field holds it."""
    return value.isoformat() if isinstance(value, date) else str(value if value is not None else "")
