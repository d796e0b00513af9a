"""Price lists: who edits them, what is refused, and that every change is on the next request (domain.md 8)."""

import asyncio
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.contracts.edit_contract import ContractDetails, create_contract
from app.errors import Conflict
from app.organisations.tree import create_organisation, put_customer_into
from app.prices.offers import all_offers_for, offers_for
from app.prices.price import explain, price
from app.prices.price_entries import (
    EntriesOverlap,
    EntryDetails,
    PriceEntryMissing,
    ProductMissing,
    add_entries,
    change_entry,
    delete_entry,
)
from app.prices.price_lists import (
    ALL_CONSUMERS,
    PriceListDetails,
    PriceListExists,
    PriceListInvalid,
    PriceListMissing,
    change_price_list,
    create_price_list,
    delete_price_list,
)
from app.prices.tax import DEFAULT_TAX_RATES, set_tax_rates, tax_rates
from app.prices.verdict import Verdict
from app.segments.audience import Audience
from app.segments.implicit import EVERYONE
from app.segments.targets import aim
from tables.engine import DB
from tables.segments import TargetKind
from tests.catalog.shelf import counted_queries
from tests.people import company, shopper
from tests.prices.cases import Ware, audience
from tests.prices.warehouse import price_list, price_of, product, versions

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime.now(UTC)


async def price_for(ware: Ware, of: Audience | None = None, quantity: int = 1) -> tuple[str, int] | None:
    asks = of or audience(is_net=True)
    found = price(
        ware, quantity, await offers_for([ware.id], asks, await versions()), asks, datetime.now(UTC)
    )
    return (found.list_id, found.shown) if found is not None else None


async def audited() -> list[str]:
    return [
        row["action"] for row in await DB.fetch("SELECT action FROM audit_entries ORDER BY happened_at, id")
    ]


async def test_the_list_for_everyone_decides_the_price_of_a_stranger() -> None:
    ware = await product()
    assert await price_for(ware) is None
    await price_of(ware, 1800)
    assert await price_for(ware) == (ALL_CONSUMERS, 1800)
    assert await price_for(ware, audience(is_net=False)) == (ALL_CONSUMERS, 2142)


async def test_lists_are_for_their_target_groups_only() -> None:
    ware, known = await product(), await company()
    await price_of(ware, 1800)
    gold = EntryDetails(product_id=ware.id, percent_off=Decimal(10))
    contract = EntryDetails(product_id=ware.id, amount=1500, quantity_from=10)
    await price_list("Gold", gold, segments=("IG_SMBCustomers",))
    await price_list("Contract", contract, segments=(), customers=(known.customer_id,))  # type: ignore[arg-type]
    business = Audience(
        application_id="business", segments=frozenset({"IG_Everyone", "IG_SMBCustomers"}), is_net=True
    )
    own = Audience(
        application_id="business", segments=business.segments, customer_id=known.customer_id, is_net=True
    )
    assert await price_for(ware, quantity=10) == (ALL_CONSUMERS, 1800)
    assert await price_for(ware, business, quantity=10) == ("Gold", 1620)
    assert await price_for(ware, own, quantity=9) == ("Gold", 1620)
    assert await price_for(ware, own, quantity=10) == ("Contract", 1500)


async def test_a_percentage_is_taken_off_no_price_that_only_a_contract_or_organisation_has() -> None:
    ware, known = await product(), await company()
    await price_of(ware, 1800)
    await price_list(
        "Volume",
        EntryDetails(product_id=ware.id, percent_off=Decimal(10), quantity_from=10),
        segments=("IG_SMBCustomers",),
    )
    await price_list("Agreed", EntryDetails(product_id=ware.id, amount=1500), segments=())
    customer = known.customer_id
    assert customer is not None
    chain = await create_organisation("Chain")
    await put_customer_into(customer, chain)
    contract = await create_contract(
        customer, ContractDetails(number="C-1", name="Agreement", starts_on=date(2020, 1, 1))
    )
    person = await known.signed_in()
    for contracts, above in (([contract], []), ([], [chain])):
        await aim(TargetKind.PRICE_LIST, "Agreed", contracts=contracts, organisations=above)
        page = await person.get("/products/NW-001")
        assert "€15.00" in page.main
        assert "Cheaper by quantity" not in page.main, "ten percent off 18.00 is more than 15.00"
        page = await person.get("/categories/beverages")
        assert "Your price: Agreed" in page.main


async def test_a_list_that_is_aimed_at_nobody_is_for_nobody() -> None:
    ware = await product()
    await price_list("Half-made", EntryDetails(product_id=ware.id, amount=1), segments=())
    assert await price_for(ware) is None


async def test_the_offers_of_many_products_take_one_query(monkeypatch: pytest.MonkeyPatch) -> None:
    wares = [await product(f"NW-{number}") for number in range(30)]
    await price_list(
        ALL_CONSUMERS, *(EntryDetails(product_id=one.id, amount=100 + n) for n, one in enumerate(wares))
    )
    asks, known = audience(is_net=True), await versions()
    await offers_for([wares[0].id], asks, known)
    asked: list[str] = []
    fetch = DB.fetch

    async def counting(query: str, *arguments: object) -> list[dict[str, object]]:
        asked.append(query)
        return await fetch(query, *arguments)

    monkeypatch.setattr(DB, "fetch", counting)
    offers = await offers_for([one.id for one in wares], asks, known)
    assert len(asked) == 1
    found = [price(one, 1, offers, asks, NOW) for one in wares]
    assert [one.net for one in found if one is not None] == list(range(100, 130))
    assert (await offers_for([], asks, known)).entries == {}
    assert len(asked) == 1


async def test_every_change_is_seen_by_the_next_request() -> None:
    ware = await product()
    await price_of(ware, 1000)
    details = PriceListDetails(name="Everyone")
    (entry_id,) = await add_entries(
        ALL_CONSUMERS, [EntryDetails(product_id=ware.id, amount=900, quantity_from=2)]
    )
    assert await price_for(ware, quantity=2) == (ALL_CONSUMERS, 900)
    await change_entry(
        ALL_CONSUMERS, entry_id, EntryDetails(product_id=ware.id, percent_off=Decimal(20), quantity_from=2)
    )
    assert await price_for(ware, quantity=2) == (ALL_CONSUMERS, 800)
    await delete_entry(ALL_CONSUMERS, entry_id)
    assert await price_for(ware, quantity=2) == (ALL_CONSUMERS, 1000)
    await change_price_list(ALL_CONSUMERS, PriceListDetails(name="Everyone", is_active=False), version=1)
    assert await price_for(ware) is None
    await change_price_list(ALL_CONSUMERS, details, version=2)
    assert await price_for(ware) == (ALL_CONSUMERS, 1000)
    await aim(TargetKind.PRICE_LIST, ALL_CONSUMERS, segments=["IG_SMBCustomers"])
    assert await price_for(ware) is None
    await aim(TargetKind.PRICE_LIST, ALL_CONSUMERS, segments=["IG_Everyone"])
    await set_tax_rates({"DE": {"standard": Decimal(16)}})
    assert await price_for(ware, audience(is_net=False)) == (ALL_CONSUMERS, 1160)
    await delete_price_list(ALL_CONSUMERS)
    assert await price_for(ware) is None
    assert await DB.fetch_value("SELECT count(*) FROM targets") == 0
    done = await audited()
    # Made for everyone, aimed at companies and back, and deleted.
    assert done.count("target group changed") == 4
    assert [one for one in done if one != "target group changed"] == [
        "price list created",
        "price entries added",
        "price entries added",
        "price entry changed",
        "price entry deleted",
        "price list changed",
        "price list changed",
        "price list deleted",
    ]


async def test_staff_see_why_lists_of_others_lost() -> None:
    ware = await product()
    await price_of(ware, 1000)
    await price_list("Gold", EntryDetails(product_id=ware.id, amount=1), segments=("IG_SMBCustomers",))
    await price_list("Francs", EntryDetails(product_id=ware.id, amount=2), currency="CHF")
    past = EntryDetails(product_id=ware.id, amount=3)
    await price_list("Last-year", past, valid_to=NOW - timedelta(days=1))
    asks = audience(is_net=True)
    everything = await all_offers_for([ware.id], asks, await versions())
    told = explain(ware, 1, everything, asks, datetime.now(UTC))
    assert {one.price_list.id: one.verdict for one in told.candidates} == {
        ALL_CONSUMERS: Verdict.WON,
        "Gold": Verdict.NOT_MEANT,
        "Francs": Verdict.OTHER_CURRENCY,
        "Last-year": Verdict.NO_LONGER,
    }
    own = explain(ware, 1, await offers_for([ware.id], asks, await versions()), asks, datetime.now(UTC))
    assert own.price is not None
    assert told.price is not None
    assert (own.price.list_id, own.price.unit) == (told.price.list_id, told.price.unit)
    assert {one.price_list.id for one in own.candidates} == {ALL_CONSUMERS, "Last-year"}


async def test_entries_of_equal_quantity_may_not_overlap_in_time() -> None:
    ware, later = await product(), NOW + timedelta(days=1)
    await price_list(ALL_CONSUMERS, EntryDetails(product_id=ware.id, amount=1000, valid_to=later))
    with pytest.raises(EntriesOverlap):
        await add_entries(ALL_CONSUMERS, [EntryDetails(product_id=ware.id, amount=900, valid_from=NOW)])
    (follows,) = await add_entries(
        ALL_CONSUMERS, [EntryDetails(product_id=ware.id, amount=900, valid_from=later)]
    )
    with pytest.raises(EntriesOverlap):
        await change_entry(ALL_CONSUMERS, follows, EntryDetails(product_id=ware.id, amount=900))
    await change_entry(ALL_CONSUMERS, follows, EntryDetails(product_id=ware.id, amount=900, quantity_from=2))
    # All or none.
    other = await product("NW-002")
    with pytest.raises(EntriesOverlap):
        await add_entries(
            ALL_CONSUMERS,
            [EntryDetails(product_id=other.id, amount=5), EntryDetails(product_id=ware.id, amount=6)],
        )
    assert await price_for(other) is None


async def test_of_twenty_equal_entries_at_once_one_is_kept() -> None:
    ware = await product()
    await price_list(ALL_CONSUMERS)
    tries = [
        add_entries(ALL_CONSUMERS, [EntryDetails(product_id=ware.id, amount=100 + number)])
        for number in range(20)
    ]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(one, EntriesOverlap) for one in outcomes) == 19
    assert await DB.fetch_value("SELECT count(*) FROM price_entries") == 1


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": "  "}),
        ("name", {"name": "x" * 201}),
        ("currency", {"currency": "euro"}),
        ("priority", {"priority": 10**9}),
        ("valid_to", {"valid_from": NOW, "valid_to": NOW}),
    ],
)
async def test_a_list_that_cannot_be_is_refused(field: str, changes: dict[str, object]) -> None:
    with pytest.raises(PriceListInvalid, match=field):
        await create_price_list("Gold", PriceListDetails(**{"name": "Gold", **changes}))  # type: ignore[arg-type]
    assert await DB.fetch_value("SELECT count(*) FROM price_lists") == 0


@pytest.mark.parametrize("list_id", ["", "with blank", "-first", "x" * 61, "umläut", "Gold\n"])
async def test_the_id_of_a_list_is_plain(list_id: str) -> None:
    with pytest.raises(PriceListInvalid, match="id"):
        await create_price_list(list_id, PriceListDetails(name="Gold"))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("amount", {"amount": None}),
        ("amount", {"percent_off": Decimal(10)}),
        ("amount", {"amount": -1}),
        ("amount", {"amount": 10**13}),
        ("percent_off", {"amount": None, "percent_off": Decimal(0)}),
        ("percent_off", {"amount": None, "percent_off": Decimal("100.01")}),
        ("percent_off", {"amount": None, "percent_off": Decimal("10.001")}),
        ("percent_off", {"amount": None, "percent_off": Decimal("NaN")}),
        ("quantity_from", {"quantity_from": 0}),
        ("quantity_from", {"quantity_from": 10**9}),
        ("valid_to", {"valid_from": NOW, "valid_to": NOW - timedelta(days=1)}),
    ],
)
async def test_an_entry_that_cannot_be_is_refused(field: str, changes: dict[str, object]) -> None:
    ware = await product()
    await price_list(ALL_CONSUMERS)
    entry = EntryDetails(**{"product_id": ware.id, "amount": 100, **changes})  # type: ignore[arg-type]
    with pytest.raises(PriceListInvalid, match=field):
        await add_entries(ALL_CONSUMERS, [entry])
    with pytest.raises(PriceListInvalid, match=field):
        await change_entry(ALL_CONSUMERS, uuid.uuid4(), entry)


async def test_what_is_missing_is_said() -> None:
    ware = await product()
    await price_list(ALL_CONSUMERS)
    entry = EntryDetails(product_id=ware.id, amount=100)
    with pytest.raises(PriceListExists):
        await create_price_list(ALL_CONSUMERS, PriceListDetails(name="Again"))
    with pytest.raises(PriceListMissing):
        await add_entries("Gold", [entry])
    with pytest.raises(PriceListMissing):
        await change_price_list("Gold", PriceListDetails(name="Gold"), version=1)
    with pytest.raises(PriceListMissing):
        await delete_price_list("Gold")
    with pytest.raises(ProductMissing):
        await add_entries(ALL_CONSUMERS, [EntryDetails(product_id=uuid.uuid4(), amount=100)])
    (known,) = await add_entries(ALL_CONSUMERS, [entry])
    with pytest.raises(PriceEntryMissing):
        # An entry of another list is missing just the same.
        await delete_entry("Gold", known)
    with pytest.raises(PriceEntryMissing):
        await change_entry("Gold", known, entry)


async def test_of_two_who_edit_a_list_the_slower_is_told() -> None:
    await price_list(ALL_CONSUMERS)
    await change_price_list(ALL_CONSUMERS, PriceListDetails(name="First"), version=1)
    with pytest.raises(Conflict):
        await change_price_list(ALL_CONSUMERS, PriceListDetails(name="Second"), version=1)
    assert await DB.fetch_value("SELECT name FROM price_lists") == "First"


async def test_tax_rates_are_set_again_without_doubles() -> None:
    await set_tax_rates()
    await set_tax_rates()
    await set_tax_rates({"DE": {"reduced": Decimal(5)}})
    known = await versions()
    rates = await tax_rates(known)
    assert [rates.percent("DE", one, "DE") for one in ("standard", "reduced", "zero")] == [19, 5, 0]
    assert [rates.percent("AT", one, "DE") for one in ("standard", "reduced")] == [20, 10]
    assert rates.percent("FR", "reduced", "DE") == Decimal("5.5")
    count = await DB.fetch_value("SELECT count(*) FROM tax_rates")
    assert count == sum(len(of_country) for of_country in DEFAULT_TAX_RATES.values())


async def test_a_shopper_and_a_company_are_not_the_same_audience() -> None:
    ware = await product()
    await price_of(ware, 1000)
    await price_list(
        "Consumers", EntryDetails(product_id=ware.id, amount=950), segments=("IG_IndividualCustomers",)
    )
    for known, expected in ((await shopper(), "Consumers"), (await company(), ALL_CONSUMERS)):
        kind = "IG_IndividualCustomers" if known.application == "shop" else "IG_SMBCustomers"
        of = Audience(application_id=known.application, segments=frozenset({"IG_Everyone", kind}))
        found = await price_for(ware, of)
        assert found is not None
        assert found[0] == expected


async def test_a_price_that_changes_has_no_price_list_read_anew() -> None:
    ware = await product()
    await price_of(ware, 1000)
    await price_list("few", segments=(EVERYONE.id,), priority=9)
    assert await price_for(ware) == (ALL_CONSUMERS, 1000)
    (entry,) = await add_entries("few", [EntryDetails(product_id=ware.id, amount=900)])
    for changed in (800, 700):
        await change_entry("few", entry, EntryDetails(product_id=ware.id, amount=changed))
        with counted_queries() as queries:
            assert await price_for(ware) == ("few", changed)
        assert not [one for one in queries if "FROM price_lists" in one]
    details = PriceListDetails(name="few", is_active=False)
    await change_price_list("few", details, version=1)
    with counted_queries() as queries:
        assert await price_for(ware) == (ALL_CONSUMERS, 1000)
    assert len([one for one in queries if "FROM price_lists" in one]) == 1
