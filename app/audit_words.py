"""What the audit log recorded, in words of the reader's language: fields, and their values before and after."""

import re
from typing import Any

import msgspec

from app.field_labels import field_label
from app.languages import gettext as _
from app.languages import money_text, text

# How fields and their values are called; others are shown as they are.
FIELDS = {
    "approval_status": text("Approval"),
    "is_active": text("Active"),
    "number": text("Number"),
    "customer_type": text("Customer type"),
    "application": text("Registered at"),
    "company_name": text("Company name"),
    "first_name": text("First name"),
    "last_name": text("Last name"),
    "login": text("Login"),
    "privileges": text("Privileges"),
    "phone": text("Phone"),
    "street": text("Street and number"),
    "street_2": text("Floor, building or care of"),
    "postal_code": text("Postal code"),
    "city": text("City"),
    "region": text("Region"),
    "country": text("Country"),
    "starts_on": text("First day"),
    "ends_on": text("Last day"),
    "target_revenue": text("Target revenue, net"),
    "price_lists": text("Price lists"),
    "catalog_views": text("Catalog views"),
    "account_manager": text("Account manager"),
    "organisation": text("Organisation"),
    "customer_group": text("Customer group"),
    "name": text("Name"),
    "business_partner_number": text("Business partner number"),
    "roles": text("Roles"),
    "permissions": text("Permissions"),
    "order_limit": text("Limit for each order"),
    "budget_amount": text("Budget"),
    "budget_period": text("Period of the budget"),
    "approves_own_requisitions": text("Approvers decide on their own requisitions"),
    "state": text("Status"),
    "order": text("Order number"),
    "exceeds": text("Beyond the limits"),
    "net_total": text("Total excl. VAT"),
    "domain": text("E-mail domain"),
    "from": text("From"),
    "until": text("Until"),
    "customer": text("Customer"),
    "orders": text("Orders"),
    "is_shared": text("Shared"),
    "picture": text("Picture"),
}
# Fields whose values are words of the program.
WORDS = {
    "approval_status": {
        "pending": text("Pending"),
        "approved": text("Approved"),
        "rejected": text("Rejected"),
    },
    "budget_period": {
        "week": text("week"),
        "month": text("month"),
        "quarter": text("quarter"),
        "half_year": text("half-year"),
        "year": text("year"),
    },
    # Of requisitions and of orders.
    "state": {
        "pending": text("Waits for approval"),
        "approved": text("Approved"),
        "rejected": text("Rejected"),
        "expired": text("Expired"),
        "withdrawn": text("Withdrawn"),
        "new": text("New"),
        "confirmed": text("Confirmed"),
        "shipped": text("Shipped"),
        "cancelled": text("Cancelled"),
        "returned": text("Returned"),
    },
    "exceeds": {
        "order": text("limit for each order"),
        "budget": text("budget"),
        "currency": text("another currency"),
    },
}
# Fields whose values are recorded in English, and may be names that somebody has given.
NAMES = frozenset({"roles", "permissions"})
# Fields whose values are amounts as `recorded_amount` writes them.
AMOUNTS = frozenset({"order_limit", "budget_amount", "net_total"})
_AMOUNT = re.compile(r"(\d+)\.(\d\d) ([A-Z]{3})")


def recorded_amount(minor_units: int | None, currency: str) -> str:
    """An amount as the audit log keeps it, with its currency; "" for none."""
    return "" if minor_units is None else f"{minor_units // 100}.{minor_units % 100:02} {currency}"


def recorded_changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(field, what stood before, what stands now) of every field that has a value on either side."""
    changes = []
    for name in dict.fromkeys([*before, *after]):
        then, now = _shown(name, before), _shown(name, after)
        if then or now:
            label = FIELDS.get(name) or field_label(name)
            changes.append((_(label) if label else name, then, now))
    return changes


def _shown(name: str, values: dict[str, Any]) -> str:
    match values.get(name):
        case None:
            return ""
        case bool(value):
            return _("Yes") if value else _("No")
        case str(value):
            return _word(name, value)
        case list(several):
            return ", ".join(_word(name, str(one)) for one in several)
        case other:
            return msgspec.json.encode(other).decode()


def _word(name: str, value: str) -> str:
    if name in NAMES:
        return _(value)
    amount = _AMOUNT.fullmatch(value) if name in AMOUNTS else None
    if amount is not None:
        return money_text(int(amount[1] + amount[2]), amount[3])
    words = WORDS.get(name, {})
    return _(words[value]) if value in words else value
