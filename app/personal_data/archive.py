"""The archive of an export: one zip with data for programs and a page to read (domain.md 13)."""

import io
import re
import uuid
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from app.applications import Application, application_by_id
from app.customers.countries import country_name
from app.field_labels import field_label
from app.languages import OWN_NAMES, current_language, datetime_text, money_text
from app.languages import gettext as _
from app.personal_data.column_names import COLUMN_NAMES
from app.personal_data.held_data import EXPORTED, held_data
from app.sign_in.devices import place_words
from tables.engine import DB

STYLE = """:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 2px solid; }
dl { display: grid; grid-template-columns: minmax(8rem, 16rem) 1fr; gap: 0.25rem 1rem; margin: 0 0 1.5rem; }
dl + dl { border-top: 1px solid #8886; padding-top: 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 35rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.5rem; } }
"""
AMOUNTS = re.compile(r"unit_price|discount|.*_total")
# How people read what is stored as a code.
CODES: Mapping[str, Callable[[str], str]] = {
    "action": lambda code: _(code),
    "address_family": lambda code: place_words(code, current_language.get()) or code,
    "application": lambda code: found.name if (found := application_by_id(code)) else code,
    "country": lambda code: country_name(code, current_language.get()),
    "language": lambda code: OWN_NAMES.get(code, code),
    **dict.fromkeys(
        ("approval_status", "decision", "kind", "method", "outcome", "state"),
        # Most of these are said somewhere on the pages too, and so translated.
        lambda code: _(code.replace("_", " ").capitalize()),
    ),
    "preferred_language": lambda code: OWN_NAMES.get(code, code),
}
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:\+00:00|Z)")


async def archive_of(user_id: uuid.UUID | None, email: str, application: Application, language: str) -> bytes:
    """The zip file with everything that is held about a person: data.json, and index.html in their language."""
    held = await held_data(user_id, email)
    made_at: datetime = await DB.fetch_value("SELECT now()")
    data = {
        "shop": application.name,
        "made_at": made_at,
        "about": "Times are UTC, amounts are minor units of the currency beside them (cents).",
        "held": held,
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.json", msgspec.json.format(msgspec.json.encode(data), indent=2))
        archive.writestr("index.html", _page(held, application, made_at, language))
        archive.writestr("style.css", STYLE)
    return file.getvalue()


def _page(held: Mapping[str, Any], application: Application, made_at: datetime, language: str) -> str:
    from app.pages import environment

    before = current_language.set(language)
    try:
        sections = [
            (_(EXPORTED[table].title), [[*_fields(row)] for row in rows]) for table, rows in held.items()
        ]
        return (
            environment()
            .get_template("personal_data/archive.html")
            .render(
                language=language,
                shop=application.name,
                sections=sections,
                made_at=datetime_text(made_at),
                stylesheet="style.css",
                data="data.json",
            )
        )
    finally:
        current_language.reset(before)


def _fields(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(label, value) of what is known, in the language of the page."""
    fields = []
    for name, value in row.items():
        is_amount = AMOUNTS.fullmatch(name) and isinstance(value, int)
        shown = money_text(value, row.get("currency", "EUR")) if is_amount else _shown(value, name)
        if shown:
            fields.append((_label(name), shown))
    return fields


def label_of(name: str) -> str:
    """What a column is called, in English; "" for what stands inside a value and is shown as it is."""
    return COLUMN_NAMES.get(name) or field_label(name)


def _label(name: str) -> str:
    english = label_of(name)
    return _(english) if english else name.replace("_", " ").capitalize()


def _shown(value: Any, name: str = "") -> str:
    if name in CODES and isinstance(value, str) and value:
        return CODES[name](value)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict):
        return ", ".join(
            f"{_label(key)}: {shown}" for key, one in value.items() if (shown := _shown(one, key))
        )
    if isinstance(value, list):
        return ", ".join(shown for one in value if (shown := _shown(one)))
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime_text(datetime.fromisoformat(value))
    return "" if value is None else str(value)
