"""What rules may ask of a customer, read for one customer at a time (domain.md 7)."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.segments.membership import GROUP_OF_CUSTOMER, IN_FORCE
from tables.engine import DB
from tables.orders import OrderState

# Orders that came to nothing do not count.
COUNTED_ORDER = f"o.state NOT IN ('{OrderState.CANCELLED}', '{OrderState.RETURNED}')"
# The customer's contact address is its first shared one.
COUNTRY_OF_CUSTOMER = """
    (SELECT a.country FROM addresses a WHERE a.customer = c.id AND a.membership IS NULL
     ORDER BY a.created_at, a.id LIMIT 1)
"""
# Only verified e-mails: an address that anybody can type must open no prices.
EMAILS_OF_CUSTOMER = """
    memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = c.id AND m.is_active AND u.email_verified_at IS NOT NULL
"""
DOMAIN_OF_EMAIL = "split_part(u.email_canonical, '@', -1)"
BY_RULE = "sm.service = 'standard' AND sm.origin = 'rule'"

# An order total that a rule asks for: in the last so many days, in a currency.
Window = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one customer. Totals are minor currency units, gross; times are UTC.

    `segments` are the custom ones; those that rules find are put in while rules are judged one after another.
    """

    customer_id: uuid.UUID
    now: datetime
    customer_type: str
    is_recurring: bool
    created_at: datetime
    country: str
    email_domains: frozenset[str]
    attributes: Mapping[str, str | None]
    order_count: int
    last_order_at: datetime | None
    totals: Mapping[Window, int]
    segments: set[str]
    # What rules said the last time.
    by_rule: frozenset[str]
    # The customer group that the organisation gives, "" for none, and all segments that are customer groups ("" and
    # none where the customer is in no organisation).
    group_of_organisation: str = ""
    customer_groups: frozenset[str] = frozenset()

    def is_in(self, segment: str) -> bool:
        """Whether the customer is in a custom segment: the group of the organisation wins over its own
        (app/segments/membership.py)."""
        if self.group_of_organisation and segment in self.customer_groups:
            return segment == self.group_of_organisation
        return segment in self.segments


_FACTS = f"""
    SELECT now() AS now, c.customer_type, c.recurring_since IS NOT NULL AS is_recurring, c.created_at,
           coalesce({COUNTRY_OF_CUSTOMER}, '') AS country,
           ARRAY(SELECT DISTINCT {DOMAIN_OF_EMAIL} FROM {EMAILS_OF_CUSTOMER}) AS email_domains,
           (SELECT coalesce(jsonb_object_agg(key, value), '{{}}')::text
            FROM jsonb_each_text(c.attributes)) AS attributes,
           ARRAY(SELECT DISTINCT sm.segment FROM segment_members sm
                 WHERE sm.customer = c.id AND NOT ({BY_RULE}) AND {IN_FORCE}) AS segments,
           ARRAY(SELECT sm.segment FROM segment_members sm WHERE sm.customer = c.id AND {BY_RULE}) AS by_rule,
           coalesce({GROUP_OF_CUSTOMER}, '') AS group_of_organisation,
           ARRAY(SELECT g.id FROM segments g WHERE c.organisation IS NOT NULL AND g.is_customer_group)
               AS customer_groups,
           counted.order_count, counted.last_order_at
    FROM customers c,
         LATERAL (SELECT count(*) AS order_count, max(o.placed_at) AS last_order_at
                  FROM orders o WHERE o.customer = c.id AND {COUNTED_ORDER}) counted
    WHERE c.id = $1
"""  # only constants are put in
_TOTALS = f"""
    SELECT w.days, w.currency, coalesce(sum(o.gross_total), 0)::bigint AS total
    FROM unnest($2::int[], $3::text[]) AS w (days, currency)
    LEFT JOIN orders o ON o.customer = $1 AND o.currency = w.currency AND {COUNTED_ORDER}
                      AND o.placed_at > now() - make_interval(days => w.days)
    GROUP BY w.days, w.currency
"""


async def facts_of(customer_id: uuid.UUID, windows: Collection[Window] = ()) -> Facts | None:
    """What is known of a customer, with the order totals of these windows; None where there is no such customer."""
    async with DB.transaction():
        # One transaction: "now" is the same moment in both queries.
        row = await DB.fetch_row(_FACTS, customer_id)
        if row is None:
            return None
        totals: dict[Window, int] = {}
        if windows:
            days, currencies = zip(*sorted(windows), strict=True)
            found = await DB.fetch(_TOTALS, customer_id, list(days), list(currencies))
            totals = {(one["days"], one["currency"]): one["total"] for one in found}
    return Facts(
        customer_id=customer_id,
        now=row["now"],
        customer_type=row["customer_type"],
        is_recurring=row["is_recurring"],
        created_at=row["created_at"],
        country=row["country"],
        email_domains=frozenset(row["email_domains"]),
        attributes=msgspec.json.decode(row["attributes"], type=dict[str, str | None]),
        order_count=row["order_count"],
        last_order_at=row["last_order_at"],
        totals=totals,
        segments=set(row["segments"]),
        by_rule=frozenset(row["by_rule"]),
        group_of_organisation=row["group_of_organisation"],
        customer_groups=frozenset(row["customer_groups"]),
    )
