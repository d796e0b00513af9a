"""What the audit log recorded, in words of the reader's language: fields, and their values before and after."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from app.field_labels import field_label
from app.languages import datetime_text, money_text, text
from app.languages import gettext as _

# By field the English words of its values.
Words = Mapping[str, Mapping[str, str]]
NO_WORDS: Words = MappingProxyType({})
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
    # Of what is aimed at target groups, and of these.
    "target_of": text("Target group of"),
    "used by": text("Used by"),
    "id": text("Id"),
    "segments": text("Segments"),
    "organisations": text("Organisations"),
    "customers": text("Customers"),
    "contracts": text("Contracts"),
    "currency": text("Currency"),
    "is_net": text("Net: without VAT"),
    "priority": text("Priority"),
    "valid_from": text("Valid from"),
    "valid_to": text("Valid until"),
    "include_all": text("Include the whole catalog"),
    "include_categories": text("Include categories"),
    "include_products": text("Include products"),
    "exclude_all": text("Exclude the whole catalog"),
    "exclude_categories": text("Exclude categories"),
    "exclude_products": text("Exclude products"),
    "slot": text("Place"),
    "texts": text("Text"),
    "names": text("Name"),
    "descriptions": text("Description"),
    "applies_to": text("Taken off"),
    "percent_off": text("Percentage"),
    "amount_off": text("Amount off"),
    "category": text("Only items of the category"),
    "product": text("Only the product (SKU)"),
    "minimum_order": text("From an order of"),
    "code": text("Code"),
    "limit_total": text("Uses in total"),
    "limit_per_customer": text("Uses for each customer"),
    "price": text("Price, net"),
    "free_from": text("Free from"),
}
# What an entry speaks of stands first in it, even where it is the same before and after.
SPEAKS_OF = ("target_of", "id", "number", "sku", "slug", "price_list", "product_id", "name", "names")
# Fields whose values are words of the program.
WORDS: Words = {
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
    "target_of": {
        "price_list": text("Price list"),
        "catalog_view": text("Catalog view"),
        "promotion": text("Promotion"),
        "content": text("Content"),
        "shipping_method": text("Shipping method"),
        "organisation": text("Organisation"),
    },
    "applies_to": {
        "item": text("Items"),
        "order": text("Order"),
        "shipping": text("Shipping"),
    },
}
# Fields whose values are recorded in English, and may be names that somebody has given.
NAMES = frozenset({"roles", "permissions"})
# Fields whose values are amounts as `recorded_amount` writes them.
AMOUNTS = frozenset(
    {"order_limit", "budget_amount", "net_total", "amount_off", "minimum_order", "price", "free_from"}
)
# Fields whose values are texts by language.
TEXTS = frozenset({"names", "descriptions", "texts"})
# Fields whose values are moments.
MOMENTS = frozenset({"valid_from", "valid_to"})
_AMOUNT = re.compile(r"(\d+)\.(\d\d) ([A-Z]{3})")


def recorded_amount(minor_units: int | None, currency: str) -> str:
    """An amount as the audit log keeps it, with its currency; "" for none."""
    return "" if minor_units is None else f"{minor_units // 100}.{minor_units % 100:02} {currency}"


def recorded_changes(
    before: dict[str, Any], after: dict[str, Any], words: Words = NO_WORDS
) -> list[tuple[str, str, str]]:
    """(field, what stood before, what stands now) of every field that differs, "" where there was or is nothing;
    what the entry speaks of comes first, and is told once where it stayed the same. `words` are those of further
    fields, as in WORDS."""
    changes = []
    known = {*before, *after}
    for name in dict.fromkeys([*(one for one in SPEAKS_OF if one in known), *before, *after]):
        then, now = _shown(name, before, words), _shown(name, after, words)
        if then == now:
            then, now = "", now if name in SPEAKS_OF else ""
        if then or now:
            label = FIELDS.get(name) or field_label(name)
            changes.append((_(label) if label else name, then, now))
    return changes


def _shown(name: str, values: dict[str, Any], words: Words) -> str:
    match values.get(name):
        case None:
            return ""
        case bool(value):
            return _("Yes") if value else _("No")
        case str(value):
            return _word(name, value, words)
        case list(several):
            return ", ".join(_word(name, str(one), words) for one in several)
        case dict(texts) if name in TEXTS:
            return " / ".join(f"{language}: {told}" for language, told in sorted(texts.items()))
        case other:
            return msgspec.json.encode(other).decode()


def _word(name: str, value: str, words: Words) -> str:
    if name in NAMES:
        return _(value)
    if name == "used by":
        kind, _blank, which = value.partition(" ")
        return f"{_word('target_of', kind, words)} {which}"
    if name in MOMENTS:
        return datetime_text(datetime.fromisoformat(value))
    amount = _AMOUNT.fullmatch(value) if name in AMOUNTS else None
    if amount is not None:
        return money_text(int(amount[1] + amount[2]), amount[3])
    known = words.get(name) or WORDS.get(name, {})
    return _(known[value]) if value in known else value
