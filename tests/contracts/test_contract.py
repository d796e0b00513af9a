"""Contracts: made, changed and deleted, what they bring, and how far they have come (domain.md 12)."""

import asyncio
import uuid
from datetime import date, timedelta

import pytest

from app.contracts.contract import (
    ContractState,
    ContractUnknown,
    contract_of_customer,
    contract_of_id,
    contracts_of_customer,
)
from app.contracts.edit_contract import (
    ContractDetails,
    ContractRefused,
    change_contract,
    create_contract,
    delete_contract,
)
from app.contracts.progress import orders_of_contract, progress_of
from app.contracts.search import ContractSearch, find_contracts
from app.errors import Conflict
from app.segments.targets import aim, owners_for, targets_of
from app.versions import version_of
from tables.engine import DB
from tables.keys import new_key
from tables.segments import TargetKind
from tests import people
from tests.segments.looking import audience

pytestmark = pytest.mark.usefixtures("database")

ENDLESS = ContractDetails(name="Frame contract", starts_on=date(2026, 1, 1))


async def a_price_list(key: str = "Frame") -> str:
    await DB.execute(
        "INSERT INTO price_lists (id, name, currency, is_net, priority, is_active, version)"
        " VALUES ($1, $1, 'EUR', true, 0, true, 1)",
        key,
    )
    return key


async def a_view(key: str = "Drinks") -> str:
    await DB.execute(
        "INSERT INTO catalog_views (id, name, description, is_active, version) VALUES ($1, $1, '', true, 1)",
        key,
    )
    return key


async def ordered(by: people.Known, net: int, at: str, *, state: str = "new", currency: str = "EUR") -> str:
    number = str(new_key())
    await DB.execute(
        """
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, state, currency,
                            is_net, net_total, tax_total, gross_total, placed_at, version)
        VALUES ($1, $2, 'business', $3, $4, 'x', 'x', $5, $6, true, $7, 0, $7, $8::text::timestamptz, 1)
        """,
        new_key(),
        number,
        by.customer_id,
        by.user_id,
        state,
        currency,
        net,
        at,
    )
    return number


async def test_a_contract_without_a_number_gets_the_next_free_one() -> None:
    known = await people.company()
    by_hand = ContractDetails(name="By hand", starts_on=date(2026, 1, 1), number="C1002")
    await create_contract(known.customer_id, by_hand)
    for expected in ("C1001", "C1003"):
        assert (await contract_of_id(await create_contract(known.customer_id, ENDLESS))).number == expected


async def test_a_number_is_given_once() -> None:
    known = await people.company()
    details = ContractDetails(name="One", starts_on=date(2026, 1, 1), number="F-7")
    await create_contract(known.customer_id, details)
    with pytest.raises(ContractRefused, match="Another contract") as refused:
        await create_contract(known.customer_id, details)
    assert refused.value.field == "number"
    both = await asyncio.gather(
        *(
            create_contract(
                known.customer_id, ContractDetails(name=name, starts_on=date(2026, 1, 1), number="F-8")
            )
            for name in "ab"
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["ContractRefused", "UUID"]


async def test_contracts_are_made_with_business_customers_only() -> None:
    known = await people.shopper()
    with pytest.raises(ContractRefused, match="business customers"):
        await create_contract(known.customer_id, ENDLESS)


async def test_the_last_day_cannot_be_before_the_first() -> None:
    known = await people.company()
    details = ContractDetails(name="x", starts_on=date(2026, 5, 2), ends_on=date(2026, 5, 1))
    with pytest.raises(ContractRefused) as refused:
        await create_contract(known.customer_id, details)
    assert refused.value.field == "ends_on"


async def test_what_a_contract_brings_holds_for_its_customer_at_the_next_request() -> None:
    known, other = await people.company(), await people.company("x@plain.example")
    visitor, stranger = await known.signed_in(), await other.signed_in()
    price_list, view = await a_price_list(), await a_view()
    details = ContractDetails(
        name="Frame", starts_on=date(2026, 1, 1), price_lists=[price_list], catalog_views=[view]
    )
    key = await create_contract(known.customer_id, details)

    async def seen(person) -> set[str]:
        return await owners_for(
            TargetKind.PRICE_LIST, await audience(person), await version_of("targets")
        ) | await owners_for(TargetKind.CATALOG_VIEW, await audience(person), await version_of("targets"))

    assert await seen(visitor) == {"Frame", "Drinks"}
    assert await seen(stranger) == set()
    stored = await contract_of_id(key)
    assert [one.id for one in stored.price_lists] == ["Frame"]
    await change_contract(key, stored.version, ContractDetails(name="Frame", starts_on=date(2026, 1, 1)))
    assert await seen(visitor) == set()


async def test_who_edits_a_price_list_meanwhile_is_told_that_a_contract_has_taken_it() -> None:
    known, price_list = await people.company(), await a_price_list()
    details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1), price_lists=[price_list])
    await create_contract(known.customer_id, details)
    assert await DB.fetch_value("SELECT version FROM price_lists") == 2


async def test_other_targets_of_a_price_list_stay() -> None:
    known, price_list = await people.company(), await a_price_list()
    await aim(TargetKind.PRICE_LIST, price_list, segments=["IG_Everyone"])
    details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1), price_lists=[price_list])
    key = await create_contract(known.customer_id, details)
    assert (await targets_of(TargetKind.PRICE_LIST, price_list)).contracts == {key}
    await delete_contract(key)
    assert (await targets_of(TargetKind.PRICE_LIST, price_list)).segments == {"IG_Everyone"}
    assert (await targets_of(TargetKind.PRICE_LIST, price_list)).contracts == frozenset()


async def test_a_price_list_that_is_gone_cannot_be_brought() -> None:
    known = await people.company()
    details = ContractDetails(name="Frame", starts_on=date(2026, 1, 1), price_lists=["Gone"])
    with pytest.raises(ContractRefused, match="Gone"):
        await create_contract(known.customer_id, details)
    assert await contracts_of_customer(known.customer_id) == []


async def test_of_two_changes_at_once_the_second_is_told() -> None:
    known = await people.company()
    key = await create_contract(known.customer_id, ENDLESS)
    both = await asyncio.gather(
        *(
            change_contract(key, 1, ContractDetails(name=name, starts_on=date(2026, 1, 1)))
            for name in ("Mine", "Theirs")
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in both) == ["Conflict", "NoneType"]
    with pytest.raises(Conflict):
        await change_contract(key, 1, ENDLESS)


async def test_every_change_is_in_the_audit_log_of_the_customer() -> None:
    known = await people.company()
    key = await create_contract(known.customer_id, ENDLESS)
    await change_contract(key, 1, ContractDetails(name="Renamed", starts_on=date(2026, 1, 1)))
    await delete_contract(key)
    rows = await DB.fetch(
        "SELECT action FROM audit_entries WHERE customer_id = $1 ORDER BY id", known.customer_id
    )
    assert [row["action"] for row in rows] == ["contract created", "contract changed", "contract deleted"]
    with pytest.raises(ContractUnknown):
        await contract_of_id(key)


async def test_the_contract_of_another_company_is_none() -> None:
    known, other = await people.company(), await people.company("x@plain.example")
    key = await create_contract(known.customer_id, ENDLESS)
    assert await contract_of_customer(other.customer_id, key) is None
    assert await contract_of_customer(known.customer_id, uuid.uuid4()) is None
    found = await contract_of_customer(known.customer_id, key)
    assert found is not None
    assert found.name == "Frame contract"


async def test_a_contract_is_valid_on_its_first_and_last_day() -> None:
    known = await people.company()
    today = await DB.fetch_value("SELECT (now() AT TIME ZONE 'Europe/Berlin')::date")
    for first, last, expected in (
        (0, 0, ContractState.VALID),
        (-9, None, ContractState.VALID),
        (1, 9, ContractState.FUTURE),
        (-9, -1, ContractState.ENDED),
    ):
        details = ContractDetails(
            name="x",
            starts_on=today + timedelta(first),
            ends_on=None if last is None else today + timedelta(last),
        )
        found = await contract_of_id(await create_contract(known.customer_id, details))
        assert found.state is expected


async def test_orders_on_the_days_of_a_contract_count_towards_its_target() -> None:
    known, other = await people.company(), await people.company("x@plain.example")
    colleague = await people.colleague(known, "paul@alfki.example")
    details = ContractDetails(
        name="Year", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), target_revenue=300_00
    )
    key = await create_contract(known.customer_id, details)
    # The first and the last moment of its days in Berlin, where the clock changes in between.
    first = await ordered(known, 100_00, "2026-02-28T23:00:00Z")
    last = await ordered(colleague, 50_50, "2026-03-31T21:59:59Z")
    await ordered(known, 7, "2026-02-28T22:59:59Z")
    await ordered(known, 7, "2026-03-31T22:00:00Z")
    await ordered(known, 7, "2026-03-10T12:00:00Z", state="cancelled")
    await ordered(known, 7, "2026-03-10T12:00:00Z", state="returned")
    await ordered(known, 7, "2026-03-10T12:00:00Z", currency="CHF")
    await ordered(other, 7, "2026-03-10T12:00:00Z")
    contract = await contract_of_id(key)
    endless = await contract_of_id(await create_contract(other.customer_id, ENDLESS))
    progress = await progress_of([contract, endless])
    assert (progress[key].revenue, progress[key].orders) == (150_50, 2)
    assert (progress[key].percent, progress[key].missing) == (50, 149_50)
    assert (progress[endless.id].revenue, progress[endless.id].percent) == (7, None)
    assert [one.number for one in await orders_of_contract(contract)] == [last, first]
    assert [one.number for one in await orders_of_contract(contract, user_id=colleague.user_id)] == [last]
    assert await orders_of_contract(contract, page=2) == []


async def test_contracts_are_found_by_number_name_customer_and_state() -> None:
    known, other = await people.company(), await people.company("x@plain.example", company_name="Plain 100%")
    today = await DB.fetch_value("SELECT current_date")
    for name, customer, first, last in (
        ("Endless", known, -5, None),
        ("Ending", known, -5, 5),
        ("Future", other, 5, None),
        ("Past", other, -9, -5),
    ):
        details = ContractDetails(
            name=name,
            starts_on=today + timedelta(first),
            ends_on=None if last is None else today + timedelta(last),
        )
        await create_contract(customer.customer_id, details)

    async def names(**search: object) -> list[str]:
        return [one.name for one in (await find_contracts(ContractSearch(**search))).contracts]

    assert await names() == ["Past", "Ending", "Endless", "Future"]
    assert await names(q="end") == ["Ending", "Endless"]
    assert await names(q="100%") == ["Past", "Future"]
    assert await names(state="valid") == ["Ending", "Endless"]
    assert await names(state="ending") == ["Ending"]
    assert await names(state="future") == ["Future"]
    assert await names(state="ended") == ["Past"]
    assert await names(customer_id=other.customer_id) == ["Past", "Future"]
