"""An edit of something that somebody else has changed meanwhile: both versions, and a choice (security.md)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.forms import FilledForm
from app.pages import Page


def version_of(form: FilledForm[Any]) -> int | None:
    """The version that an edit began with; None where it was not sent, and so is not compared."""
    typed = form.value("version").strip()
    return int(typed) if typed.isascii() and typed.isdigit() else None


def stale_page(
    route: str,
    labels: Mapping[str, str],
    typed: Mapping[str, Any],
    stored: Mapping[str, Any],
    version: int,
    **values: object,
) -> Page:
    """The page with both versions, status 409. `labels` (field -> English text) says what is compared.

    The person sends their own version again, now knowing of the other, or goes back to what is stored.
    `route` with `values` is both the page of the form and where it is sent.
    """
    return Page(
        "account/stale_edit.html",
        status_code=409,
        route=route,
        values=values,
        rows=[
            (label, shown_value(typed[name]), shown_value(stored[name]))
            for name, label in labels.items()
            if name in typed and shown_value(typed[name]) != shown_value(stored[name])
        ],
        fields=[(name, shown_value(value)) for name, value in typed.items()],
        version=version,
    )


def shown_value(value: object) -> str:
    """A stored value as a form field holds it."""
    return value.isoformat() if isinstance(value, date) else str(value if value is not None else "")
