"""The archive of an export: one zip with data for programs and a page to read (domain.md 13)."""

import io
import re
import uuid
import zipfile
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from app.applications import Application
from app.field_labels import field_label
from app.languages import current_language, datetime_text, money_text, text
from app.languages import gettext as _
from app.personal_data.held_data import EXPORTED, held_data
from tables.engine import DB

STYLE = """:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-bottom: 2px solid; }
dl { display: grid; grid-template-columns: minmax(8rem, 16rem) 1fr; gap: 0.25rem 1rem; margin: 0 0 1.5rem; }
dl + dl { border-top: 1px solid #8886; padding-top: 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 35rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: 0.5rem; } }
"""
# What is not called like a field of a form. Names that stand in neither are shown as they are.
LABELS: Mapping[str, str] = {
    "number": text("Number"),
    "customer_number": text("Customer number"),
    "order_number": text("Order number"),
    "invoice_number": text("Invoice number"),
    "login": text("Login"),
    "created_at": text("Since"),
    "application": text("Application"),
    "kind": text("Kind"),
    "state": text("State"),
    "name": text("Name"),
    "is_active": text("Active"),
    "is_given": text("Agreed"),
    "document_version": text("Version"),
    "recorded_at": text("Recorded"),
    "roles": text("Roles"),
    "placed_at": text("Placed"),
    "buyer_name": text("Buyer"),
    "billing_address": text("Invoice address"),
    "shipping_address": text("Delivery address"),
    "quantity": text("Quantity"),
    "unit_price": text("Unit price"),
    "line_total": text("Sum"),
    "items_total": text("Products"),
    "discount_total": text("Discount"),
    "shipping_total": text("Delivery"),
    "net_total": text("Total excl. VAT"),
    "tax_total": text("VAT"),
    "gross_total": text("Total to pay"),
    "currency": text("Currency"),
    "comment": text("Comment"),
    "user_agent": text("Device"),
    "address_family": text("Place"),
    "last_used_at": text("Last used"),
    "attempted_at": text("Time"),
    "happened_at": text("Time"),
    "outcome": text("Result"),
    "method": text("How"),
    "action": text("Action"),
    "before": text("Before"),
    "after": text("After"),
    "reason": text("Reason"),
    "subject": text("Subject"),
    "sent_at": text("Sent"),
    "to_email": text("To"),
    "segment": text("Segment"),
}
AMOUNTS = re.compile(r"unit_price|discount|.*_total")
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
        shown = money_text(value, row.get("currency", "EUR")) if is_amount else _shown(value)
        if shown:
            fields.append((_label(name), shown))
    return fields


def _label(name: str) -> str:
    english = LABELS.get(name) or field_label(name)
    return _(english) if english else name.replace("_", " ").capitalize()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, dict):
        return ", ".join(f"{_label(name)}: {_shown(one)}" for name, one in value.items() if _shown(one))
    if isinstance(value, list):
        return ", ".join(shown for one in value if (shown := _shown(one)))
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime_text(datetime.fromisoformat(value))
    return "" if value is None else str(value)
