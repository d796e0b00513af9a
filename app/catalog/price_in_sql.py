"""The shown price of many products at once, as SQL, for sorting and filtering lists by it.

`app.prices.price.price` decides every price. A category has too many products to ask it for each, so this
says the same in SQL; tests hold the two against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.prices.offers import lists_meant_for
from app.prices.tax import TAX_CLASSES, TaxRates, tax_rates
from app.segments.audience import Audience

# Prices are compared in ten thousandths of a minor unit with tax, which are whole: percentages have at most two
# decimals. A percentage is taken off the best fixed price for everyone; of equal ones that of the list with the
# higher priority, then with the lower id, which is their order in $1. A product without price has none here.
_SHOWN_PRICES = """
    SELECT exact.product, round(least(exact.fixed, round(exact.base * (100 - exact.off) / 100) * exact.base_weight)
                                / CASE WHEN {is_net} THEN exact.factor ELSE 10000 END)::bigint AS shown
    FROM (SELECT bids.product, bids.factor, bids.fixed, bids.off,
                 CASE WHEN bids.base[3] = 1 THEN bids.factor ELSE 10000 END AS base_weight,
                 (bids.base[1] / CASE WHEN bids.base[3] = 1 THEN bids.factor ELSE 10000 END)::numeric AS base
          FROM (SELECT p.id AS product, t.factor, min(e.amount * w.weight)::numeric AS fixed,
                       min(ARRAY[e.amount * w.weight, l.place, l.is_net::int::bigint])
                           FILTER (WHERE l.is_for_everyone AND e.amount IS NOT NULL) AS base,
                       max(e.percent_off) AS off
                FROM matching p
                JOIN price_entries e ON e.product = p.id AND e.quantity_from <= p.smallest_quantity
                     AND (e.valid_from IS NULL OR e.valid_from <= now())
                     AND (e.valid_to IS NULL OR e.valid_to > now())
                JOIN unnest({lists}::text[], {nets}::boolean[], {everyones}::boolean[])
                     WITH ORDINALITY AS l (id, is_net, is_for_everyone, place) ON l.id = e.price_list
                LEFT JOIN unnest({classes}::text[], {factors}::bigint[]) AS c (tax_class, factor)
                     ON c.tax_class = p.tax_class
                CROSS JOIN LATERAL (SELECT coalesce(c.factor, {standard}::bigint) AS factor) t
                CROSS JOIN LATERAL (SELECT CASE WHEN l.is_net THEN t.factor ELSE 10000 END AS weight) w
                WHERE e.price_list = ANY({lists}::text[])
                GROUP BY p.id, t.factor) bids) exact
"""


@dataclass(frozen=True, slots=True)
class PriceTerms:
    """All that prices of one audience depend on beside the entries."""

    lists: tuple[str, ...]
    nets: tuple[bool, ...]
    everyones: tuple[bool, ...]
    classes: tuple[str, ...]
    # Ten thousand times (1 + tax): what a net amount is multiplied by.
    factors: tuple[int, ...]
    standard: int
    is_net: bool

    def query(self, first: int) -> tuple[str, list[Any]]:
        """SQL that gives `product` and `shown`, minor units at the product's smallest quantity, for the rows of
        `matching` (id, tax_class, smallest_quantity); and its arguments, the first of which is `$first`."""
        arguments = [self.lists, self.nets, self.everyones, self.classes, self.factors, self.standard]
        names = ("lists", "nets", "everyones", "classes", "factors", "standard")
        places = {name: f"${first + place}" for place, name in enumerate(names)}
        sql = _SHOWN_PRICES.format(is_net="TRUE" if self.is_net else "FALSE", **places)
        return sql, [list(one) if isinstance(one, tuple) else one for one in arguments]


async def price_terms(audience: Audience, versions: Mapping[str, int]) -> PriceTerms:
    """What decides the prices of an audience now; no query unless lists, targets or taxes have changed."""
    meant = await lists_meant_for(audience, versions)
    rates = await tax_rates(versions)
    now = datetime.now(UTC)
    lists = sorted(
        (
            one
            for one in meant.lists.values()
            if (one.valid_from is None or one.valid_from <= now)
            and (one.valid_to is None or one.valid_to > now)
        ),
        key=lambda one: (-one.priority, one.id),
    )
    return PriceTerms(
        lists=tuple(one.id for one in lists),
        nets=tuple(one.is_net for one in lists),
        everyones=tuple(one.id in meant.for_everyone for one in lists),
        classes=tuple(TAX_CLASSES),
        factors=tuple(_factor(rates, audience.country, one) for one in TAX_CLASSES),
        standard=_factor(rates, audience.country, "standard"),
        is_net=audience.is_net,
    )


def _factor(rates: TaxRates, country: str, tax_class: str) -> int:
    return 10_000 + int(rates.percent(country, tax_class) * 100)
