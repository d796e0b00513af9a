"""Every rule about addresses (domain.md 6), asked of the one module that holds them."""

import asyncio
import uuid

import pytest

from app.access import NotPermitted
from app.customers.addresses import (
    AddressBook,
    AddressDetails,
    AddressIsLast,
    AddressIsPreferred,
    AddressMissing,
    StaleAddress,
    add_address,
    address_of,
    addresses_of,
    change_address,
    delete_address,
    prefer_address,
    preferred,
)
from tests import people

BERLIN = AddressDetails(
    first_name="Ines",
    last_name="Müller",
    street="Lindenweg 7",
    postal_code="10115",
    city="Berlin",
    country="DE",
)
WIEN = AddressDetails(last_name="Müller", street="Ring 1", postal_code="1010", city="Wien", country="AT")


async def empty_book() -> AddressBook:
    known = await people.shopper(with_address=False)
    assert known.customer_id is not None
    return AddressBook(customer_id=known.customer_id)


async def test_the_first_address_becomes_preferred_for_both_and_stays_the_contact_address(database):
    book = await empty_book()
    first = await add_address(book, BERLIN)
    await add_address(book, WIEN)
    found = await addresses_of(book)
    assert found[0].id == first
    assert [(one.is_preferred_billing, one.is_preferred_shipping) for one in found] == [
        (True, True),
        (False, False),
    ]


async def test_of_two_first_addresses_at_once_one_becomes_preferred(database):
    book = await empty_book()
    await asyncio.gather(*(add_address(book, BERLIN) for _ in range(6)))
    found = await addresses_of(book)
    assert len(found) == 6
    assert (
        sum(one.is_preferred_billing for one in found) == sum(one.is_preferred_shipping for one in found) == 1
    )


async def test_a_preferred_address_cannot_be_deleted(database):
    book = await empty_book()
    first, second = await add_address(book, BERLIN), await add_address(book, WIEN)
    with pytest.raises(AddressIsPreferred):
        await delete_address(book, first)
    await prefer_address(book, second, "billing")
    with pytest.raises(AddressIsPreferred):
        await delete_address(book, first)
    with pytest.raises(AddressIsPreferred):
        await delete_address(book, second)


async def test_an_address_can_be_deleted_once_another_one_is_preferred(database):
    book = await empty_book()
    first, second = await add_address(book, BERLIN), await add_address(book, WIEN)
    await prefer_address(book, second, "billing")
    await prefer_address(book, second, "shipping")
    await delete_address(book, first)
    assert [one.id for one in await addresses_of(book)] == [second]


async def test_the_last_address_cannot_be_deleted(database):
    book = await empty_book()
    only = await add_address(book, BERLIN)
    with pytest.raises(AddressIsLast):
        await delete_address(book, only)


async def test_parallel_deletions_leave_the_preferred_address(database):
    book = await empty_book()
    keys = [await add_address(book, BERLIN) for _ in range(5)]
    outcomes = await asyncio.gather(*(delete_address(book, key) for key in keys), return_exceptions=True)
    left = await addresses_of(book)
    assert len(left) == 1
    assert left[0].is_preferred_billing
    assert left[0].is_preferred_shipping
    assert sum(outcome is None for outcome in outcomes) == 4


async def test_preferring_and_deleting_at_once_never_loses_the_preferred_address(database):
    book = await empty_book()
    _first, second = await add_address(book, BERLIN), await add_address(book, WIEN)
    await asyncio.gather(
        prefer_address(book, second, "billing"), delete_address(book, second), return_exceptions=True
    )
    found = await addresses_of(book)
    assert sum(one.is_preferred_billing for one in found) == 1
    assert sum(one.is_preferred_shipping for one in found) == 1


async def test_one_address_is_preferred_of_each_kind(database):
    book = await empty_book()
    first, second = await add_address(book, BERLIN), await add_address(book, WIEN)
    await prefer_address(book, second, "billing")
    await prefer_address(book, second, "billing")
    found = {one.id: one for one in await addresses_of(book)}
    assert (found[first].is_preferred_billing, found[first].is_preferred_shipping) == (False, True)
    assert (found[second].is_preferred_billing, found[second].is_preferred_shipping) == (True, False)


async def test_a_foreign_address_is_missing_like_one_that_never_was(database):
    book = await empty_book()
    stranger = await people.shopper("somebody@example.com")
    assert stranger.customer_id is not None
    [foreign] = await addresses_of(AddressBook(customer_id=stranger.customer_id))
    for key in (foreign.id, uuid.uuid4()):
        with pytest.raises(AddressMissing):
            await address_of(book, key)
        with pytest.raises(AddressMissing):
            await change_address(book, key, WIEN)
        with pytest.raises(AddressMissing):
            await delete_address(book, key)
        with pytest.raises(AddressMissing):
            await prefer_address(book, key, "billing")
    assert (await addresses_of(AddressBook(customer_id=stranger.customer_id))) == [foreign]


async def test_an_edit_of_an_old_version_is_told_what_is_stored(database):
    book = await empty_book()
    key = await add_address(book, BERLIN)
    await change_address(book, key, WIEN, version=1)
    with pytest.raises(StaleAddress) as told:
        await change_address(book, key, BERLIN, version=1)
    assert (told.value.stored.city, told.value.stored.version) == ("Wien", 2)
    assert (await address_of(book, key)).city == "Wien"


async def test_of_parallel_edits_of_one_version_one_counts(database):
    book = await empty_book()
    key = await add_address(book, BERLIN)
    outcomes = await asyncio.gather(
        *(change_address(book, key, WIEN, version=1) for _ in range(5)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 1
    assert (await address_of(book, key)).version == 2


async def test_personal_addresses_belong_to_one_membership(database):
    maria = await people.company(with_address=False)
    paul = await people.colleague(maria, "paul@alfki.example")
    assert maria.customer_id is not None
    of_maria = AddressBook(customer_id=maria.customer_id, membership_id=maria.membership_id)
    of_paul = AddressBook(
        customer_id=maria.customer_id, membership_id=paul.membership_id, may_change_shared=False
    )
    await add_address(of_paul, WIEN, is_personal=True)
    shared = await add_address(of_maria, BERLIN)
    assert [one.city for one in await addresses_of(of_maria)] == ["Berlin"]
    found = await addresses_of(of_paul)
    assert [(one.city, one.is_personal, bool(one.in_the_way)) for one in found] == [
        ("Berlin", False, True),
        ("Wien", True, False),
    ]
    await delete_address(of_paul, found[1].id)
    assert [one.id for one in await addresses_of(of_paul)] == [shared]
    with pytest.raises(AddressMissing):
        await prefer_address(of_maria, found[1].id, "billing")


async def test_what_somebody_prefers_for_themselves_leaves_the_customers_preference_alone(database):
    maria = await people.company()
    paul = await people.colleague(maria, "paul@alfki.example")
    assert maria.customer_id is not None
    of_maria = AddressBook(customer_id=maria.customer_id, membership_id=maria.membership_id)
    of_paul = AddressBook(
        customer_id=maria.customer_id, membership_id=paul.membership_id, may_change_shared=False
    )
    [first] = await addresses_of(of_maria)
    second = await add_address(of_maria, BERLIN)
    own = await add_address(of_paul, WIEN, is_personal=True)

    async def seen(book: AddressBook) -> tuple[uuid.UUID, uuid.UUID]:
        found = await addresses_of(book)
        billing, shipping = preferred(found, "billing"), preferred(found, "shipping")
        assert billing is not None
        assert shipping is not None
        return billing.id, shipping.id

    await prefer_address(of_paul, second, "billing")
    await prefer_address(of_paul, own, "shipping")
    assert await seen(of_paul) == (second, own)
    assert await seen(of_maria) == (first.id, first.id)
    with pytest.raises(AddressIsPreferred):
        await delete_address(of_paul, own)
    # The customer's preference is followed again, also when it becomes another one.
    await prefer_address(of_paul, first.id, "shipping")
    await delete_address(of_paul, own)
    await prefer_address(of_maria, second, "shipping")
    assert await seen(of_paul) == (second, second)
    # One that is shared goes whoever prefers it; then the customer's preference counts.
    await prefer_address(of_maria, first.id, "shipping")
    await delete_address(of_maria, second)
    assert await seen(of_paul) == (first.id, first.id)


async def test_who_prefers_a_shared_address_for_all_prefers_it_too(database):
    maria = await people.company()
    assert maria.customer_id is not None
    book = AddressBook(customer_id=maria.customer_id, membership_id=maria.membership_id)
    [first] = await addresses_of(book)
    own = await add_address(book, WIEN, is_personal=True)
    await prefer_address(book, own, "billing")
    await prefer_address(book, first.id, "billing")
    found = await addresses_of(book)
    assert not any(one.is_own_billing for one in found)
    assert preferred(found, "billing") == found[0]
    await delete_address(book, own)


async def test_the_only_address_of_its_owner_is_deleted_though_they_prefer_it(database):
    maria = await people.company(with_address=False)
    assert maria.customer_id is not None
    book = AddressBook(customer_id=maria.customer_id, membership_id=maria.membership_id)
    own = await add_address(book, WIEN, is_personal=True)
    await prefer_address(book, own, "shipping")
    await delete_address(book, own)
    assert await addresses_of(book) == []


async def test_shared_addresses_are_changed_only_by_those_who_may(database):
    maria = await people.company()
    assert maria.customer_id is not None
    reader = AddressBook(customer_id=maria.customer_id, may_change_shared=False)
    [shared] = await addresses_of(reader)
    with pytest.raises(NotPermitted):
        await change_address(reader, shared.id, WIEN)
    with pytest.raises(NotPermitted):
        await delete_address(reader, shared.id)
    with pytest.raises(NotPermitted):
        await prefer_address(reader, shared.id, "billing")
    with pytest.raises(NotPermitted):
        await add_address(reader, WIEN)
