"""The shown price of many products at once, as SQL, for sorting and filtering lists by it.

`app.prices.price.price` decides every price. A category has too many products to ask it for each, so this
says the same in SQL; tests hold the two against each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.prices.offers import lists_meant_for
from app.prices.tax import TAX_CLASSES, TaxRates, hundredths, tax_rates
from app.segments.audience import Audience

# Prices are compared in ten thousandths of a minor unit with tax, which are whole: percentages have at most two
# decimals. A percentage is taken off the best fixed price for everyone; of equal ones that of the list with the
# higher priority, then with the lower id, which is their order in $1. A product without price has none here.
# Whole numbers are rounded half up by adding half of the divisor, which is several times as fast as decimals are.
# A list is looked up by its place in the arrays: of a join the planner knows too little to choose a good way. It is
# looked up once, and for amounts only, as that takes longer than all the rest: so OFFSET 0 has it worked out first.
_SHOWN_PRICES = """
    SELECT bids.product, (least(bids.fixed, (bids.base * (10000 - bids.off) + 5000) / 10000 * bids.base_weight)
                          + bids.divisor / 2) / bids.divisor AS shown
    FROM (SELECT entered.product, entered.fixed, (entered.off * 100)::bigint AS off, w.base_weight,
                 entered.base[1] / w.base_weight AS base,
                 CASE WHEN {is_net} THEN entered.factor ELSE 10000 END AS divisor
          FROM (SELECT one.product, one.factor, min(one.amount * w.weight) AS fixed,
                       min(ARRAY[one.amount * w.weight, one.place, l.is_net::int::bigint])
                           FILTER (WHERE l.is_for_everyone) AS base,
                       max(one.percent_off) AS off
                FROM (SELECT p.id AS product, coalesce(c.factor, {standard}::bigint) AS factor,
                             e.amount, e.percent_off,
                             CASE WHEN e.amount IS NOT NULL
                                  THEN array_position({lists}::text[], e.price_list::text) END AS place
                      FROM matching p
                      CROSS JOIN LATERAL (
                          SELECT * FROM price_entries e
                          WHERE e.product = p.id AND e.quantity_from <= p.smallest_quantity
                            AND (e.valid_from IS NULL OR e.valid_from <= now())
                            AND (e.valid_to IS NULL OR e.valid_to > now())
                            AND e.price_list = ANY({lists}::text[]) {one_by_one}) e
                      LEFT JOIN unnest({classes}::text[], {factors}::bigint[]) AS c (tax_class, factor)
                           ON c.tax_class = p.tax_class
                      OFFSET 0) one
                CROSS JOIN LATERAL (SELECT ({nets}::boolean[])[one.place] AS is_net,
                                           ({everyones}::boolean[])[one.place] AS is_for_everyone) l
                CROSS JOIN LATERAL (SELECT CASE WHEN l.is_net THEN one.factor ELSE 10000 END AS weight) w
                GROUP BY one.product, one.factor) entered
          CROSS JOIN LATERAL (SELECT CASE WHEN entered.base[3] = 1 THEN entered.factor ELSE 10000 END
                                     AS base_weight) w) bids
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

    def query(self, first: int, *, few: bool = False) -> tuple[str, list[Any]]:
        """SQL that gives `product` and `shown`, minor units at the product's smallest quantity, for the rows of
        `matching` (id, tax_class, smallest_quantity); and its arguments, the first of which is `$first`.

        `few` are looked up one by one; of many, whole price lists are read, which the planner does unasked.
        """
        arguments = [self.lists, self.nets, self.everyones, self.classes, self.factors, self.standard]
        names = ("lists", "nets", "everyones", "classes", "factors", "standard")
        places = {name: f"${first + place}" for place, name in enumerate(names)}
        sql = _SHOWN_PRICES.format(
            is_net="TRUE" if self.is_net else "FALSE", one_by_one="OFFSET 0" if few else "", **places
        )
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
        factors=tuple(_factor(rates, audience, one) for one in TAX_CLASSES),
        standard=_factor(rates, audience, "standard"),
        is_net=audience.is_net,
    )


def _factor(rates: TaxRates, audience: Audience, tax_class: str) -> int:
    return 10_000 + hundredths(rates.percent(audience.country, tax_class, audience.home_country))
