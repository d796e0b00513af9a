"""Random price lists for property tests: small numbers and few moments, so that borders and ties are met often."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import strategies as st

from app.prices.offers import Offers, PriceEntry, PriceListHeader
from app.prices.tax import TaxRates
from app.segments.audience import Audience

PRODUCT_ID = UUID(int=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = [START + timedelta(days=day) for day in range(5)]
PERCENTS = [Decimal(one) for one in ("0", "5.5", "7", "10", "19", "20", "25.5")]
CURRENCIES = ["EUR", "EUR", "EUR", "CHF"]


@dataclass(frozen=True)
class Ware:
    """What the price function asks of a product."""

    id: UUID = PRODUCT_ID
    tax_class: str = "standard"


@dataclass(frozen=True)
class Case:
    """One question for a price."""

    offers: Offers
    quantity: int
    audience: Audience
    at: datetime
    percent: Decimal


times = st.one_of(st.none(), st.sampled_from(MOMENTS))
spans = st.tuples(times, times).filter(lambda one: one[0] is None or one[1] is None or one[0] < one[1])
amounts = st.one_of(st.sampled_from([0, 1, 99, 100, 101, 119, 1000, 1190]), st.integers(0, 10**7))
off = st.one_of(
    st.sampled_from([Decimal("10"), Decimal("5"), Decimal("100"), Decimal("0.01"), Decimal("33.33")]),
    st.integers(1, 10_000).map(lambda one: Decimal(one) / 100),
)
quantities = st.integers(1, 12)


def header(list_id: str, **changes: object) -> PriceListHeader:
    """A price list, in use and for ever unless said otherwise."""
    values: dict[str, object] = {"name": f"List {list_id}", "currency": "EUR", "is_net": True, "priority": 0}
    values |= {"is_active": True, "valid_from": None, "valid_to": None}
    return PriceListHeader(**{"id": list_id, **values, **changes})  # type: ignore[arg-type]


_numbers = iter(range(1, 10**9))


def entry(list_id: str, amount: int | None = None, **changes: object) -> PriceEntry:
    """An entry of a list, from one piece on and for ever unless said otherwise."""
    values: dict[str, object] = {
        "quantity_from": 1,
        "percent_off": None,
        "valid_from": None,
        "valid_to": None,
    }
    values |= {"id": UUID(int=next(_numbers)), "price_list": list_id, "amount": amount}
    return PriceEntry(**{**values, **changes})  # type: ignore[arg-type]


def offers_of(
    lists: list[PriceListHeader],
    entries: list[PriceEntry],
    *,
    meant: set[str] | None = None,
    for_everyone: set[str] = frozenset({"A"}),  # type: ignore[assignment]
    percent: Decimal = Decimal(19),
) -> Offers:
    """Offers for one product in Germany; every list is meant unless said otherwise, A is for everyone."""
    return Offers(
        lists={one.id: one for one in lists},
        entries={PRODUCT_ID: tuple(entries)},
        meant=frozenset({one.id for one in lists} if meant is None else meant),
        for_everyone=frozenset(for_everyone),
        tax_rates=TaxRates({"DE": {"standard": percent, "reduced": Decimal(7)}}),
    )


def audience(*, is_net: bool = False, currency: str = "EUR", country: str = "DE") -> Audience:
    """Somebody who looks at prices."""
    return Audience(
        application_id="shop",
        segments=frozenset({"IG_Everyone"}),
        is_net=is_net,
        currency=currency,
        country=country,
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to five lists with up to four entries each, and a question."""
    percent = draw(st.sampled_from(PERCENTS))
    lists, entries = [], []
    for list_id in "ABCDE"[: draw(st.integers(1, 5))]:
        valid_from, valid_to = draw(spans)
        lists.append(
            header(
                list_id,
                currency=draw(st.sampled_from(CURRENCIES)),
                is_net=draw(st.booleans()),
                priority=draw(st.integers(0, 2)),
                is_active=draw(st.integers(0, 9)) > 0,
                valid_from=valid_from,
                valid_to=valid_to,
            )
        )
        for _number in range(draw(st.integers(0, 4))):
            is_fixed = draw(st.booleans())
            valid_from, valid_to = draw(spans)
            entries.append(
                entry(
                    list_id,
                    draw(amounts) if is_fixed else None,
                    percent_off=None if is_fixed else draw(off),
                    quantity_from=draw(quantities),
                    valid_from=valid_from,
                    valid_to=valid_to,
                )
            )
    meant = set(draw(st.sets(st.sampled_from([one.id for one in lists])))) | draw(
        st.sampled_from([{"A"}, {"A", "B"}, set()])
    )
    meant &= {one.id for one in lists}
    for_everyone = meant & draw(st.sampled_from([{"A"}, {"A", "B"}, {"B", "C"}]))
    return Case(
        offers_of(
            lists, draw(st.permutations(entries)), meant=meant, for_everyone=for_everyone, percent=percent
        ),
        draw(st.integers(0, 13)),
        audience(is_net=draw(st.booleans())),
        draw(st.sampled_from(MOMENTS)) + timedelta(microseconds=draw(st.sampled_from([-1, 0, 0, 1]))),
        percent,
    )
