"""Target groups: for whom something is meant; held per process, right at the next request (domain.md 7, 8)."""

import uuid
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.segments.audience import Audience
from app.segments.custom import create_segment
from app.segments.members import assign
from app.segments.targets import Targets, TargetUnknown, aim, aim_at_nobody, owners_for, targeted, targets_of
from app.versions import version_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.browser_like import Person, visit
from tests.segments.looking import audience

pytestmark = pytest.mark.usefixtures("database")

LIST = TargetKind.PRICE_LIST


async def lists_for(person: Person) -> set[str]:
    return await owners_for(LIST, await audience(person), await versions())


async def versions() -> Mapping[str, int]:
    return await version_of("targets")


async def test_what_is_aimed_at_a_segment_is_for_its_members_only() -> None:
    gold, plain = await people.shopper(), await people.shopper("plain@example.com")
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [gold.customer_id])
    await aim(LIST, "GoldPrices", segments=["GOLD"])
    await aim(LIST, "AllConsumersPriceList", segments=["IG_Everyone"])
    stranger = await visit("shop")
    assert await lists_for(await gold.signed_in()) == {"GoldPrices", "AllConsumersPriceList"}
    assert await lists_for(await plain.signed_in()) == {"AllConsumersPriceList"}
    assert await lists_for(stranger) == {"AllConsumersPriceList"}


async def test_what_is_aimed_at_a_customer_is_for_all_its_users_and_nobody_else() -> None:
    contract, other = await people.company(), await people.company("x@plain.example", company_name="Plain")
    colleague = await (await people.colleague(contract, "paul@alfki.example")).signed_in()
    await aim(LIST, "Contract", customers=[contract.customer_id])
    assert await lists_for(colleague) == {"Contract"}
    assert await lists_for(await other.signed_in()) == set()
    await colleague.post("/sign-out")
    assert await lists_for(colleague) == set()


async def test_something_without_a_target_is_for_nobody() -> None:
    await aim(LIST, "GoldPrices", segments=["IG_NewUsers"])
    await aim_at_nobody(LIST, "GoldPrices")
    assert await lists_for(await (await people.shopper()).signed_in()) == set()
    assert await targeted(LIST, await versions()) == {}


async def test_a_change_is_seen_at_the_next_request() -> None:
    person = await (await people.shopper()).signed_in()
    await aim(LIST, "A", segments=["IG_NewUsers"])
    assert await lists_for(person) == {"A"}
    await aim(LIST, "A", segments=["IG_SMBCustomers"])
    assert await lists_for(person) == set()
    await aim(LIST, "A", segments=["IG_SMBCustomers", "IG_IndividualCustomers"])
    assert await lists_for(person) == {"A"}


async def test_a_change_that_is_taken_back_is_never_seen() -> None:
    person = await (await people.shopper()).signed_in()
    await aim(LIST, "A", segments=["IG_SMBCustomers"])
    with pytest.raises(RuntimeError, match="taken back"):
        async with DB.transaction():
            await aim(LIST, "A", segments=["IG_Everyone"])
            assert await lists_for(person) == {"A"}
            raise RuntimeError("taken back")
    assert await lists_for(person) == set()
    await aim(LIST, "B", segments=["IG_SMBCustomers"])
    assert await lists_for(person) == set()


async def test_aiming_the_same_way_again_changes_nothing() -> None:
    await aim(LIST, "A", segments=["IG_NewUsers"])
    before = await versions()
    await aim(LIST, "A", segments=["IG_NewUsers"])
    assert await versions() == before


async def test_kinds_do_not_mix() -> None:
    await aim(LIST, "same", segments=["IG_Everyone"])
    await aim(TargetKind.CONTENT, "same", segments=["IG_NewUsers"])
    now = await versions()
    assert (await targeted(LIST, now))["same"].segments == {"IG_Everyone"}
    assert (await targeted(TargetKind.CONTENT, now))["same"].segments == {"IG_NewUsers"}
    assert await targeted(TargetKind.PROMOTION, now) == {}


async def test_only_what_there_is_can_be_chosen() -> None:
    nobody = uuid.uuid4()
    with pytest.raises(TargetUnknown) as refused:
        await aim(LIST, "A", segments=["NOTHING", "IG_Nobody", "IG_Everyone"], customers=[nobody])
    assert refused.value.names == ["IG_Nobody", "NOTHING", str(nobody)]
    assert await targets_of(LIST, "A") == Targets()


async def test_a_customer_that_is_deleted_is_no_target_any_more() -> None:
    known = await people.shopper()
    await aim(LIST, "A", customers=[known.customer_id])
    await DB.execute("DELETE FROM customers")
    assert await targets_of(LIST, "A") == Targets()


async def test_there_is_room_for_organisations() -> None:
    organisation = uuid.uuid4()
    await aim(LIST, "A", organisations=[organisation])
    assert (await targets_of(LIST, "A")).organisations == {organisation}
    assert await lists_for(await (await people.company()).signed_in()) == set()


names = st.frozensets(st.sampled_from("ABCDEFGH"), max_size=4)
customers = [uuid.UUID(int=n) for n in range(3)]


@given(
    owners=st.dictionaries(
        st.sampled_from(["x", "y", "z"]),
        st.tuples(names, st.frozensets(st.sampled_from(customers), max_size=2)),
    ),
    segments=names,
    customer=st.sampled_from([None, *customers]),
)
def test_a_target_group_holds_exactly_where_segment_or_customer_is_named(owners, segments, customer) -> None:
    somebody = Audience(application_id="shop", segments=segments, customer_id=customer)
    for named_segments, named_customers in owners.values():
        expected = bool(named_segments & segments) or customer in named_customers
        assert Targets(named_segments, named_customers).holds_for(somebody) is expected


async def test_the_quick_way_finds_what_each_target_group_says() -> None:
    known = [await people.shopper(f"{n}@example.com") for n in range(3)]
    for n in range(30):
        await aim(
            LIST,
            f"L{n}",
            segments=[
                one for m, one in enumerate(("IG_Everyone", "IG_NewUsers", "IG_SMBCustomers")) if n >> m & 1
            ],
            customers=[one.customer_id for m, one in enumerate(known) if n % (m + 3) == 0],
        )
    now = await versions()
    for one in known:
        seen = await audience(await one.signed_in())
        expected = {owner for owner, group in (await targeted(LIST, now)).items() if group.holds_for(seen)}
        assert await owners_for(LIST, seen, now) == expected
        assert expected
