"""Target groups: for whom something is meant; held per process, right at the next request (domain.md 7, 8)."""

import uuid
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.segments.audience import Audience
from app.segments.custom import create_segment
from app.segments.members import assign
from app.segments.targets import Targets, TargetUnknown, aim, aim_at_nobody, owners_for, targeted, targets_of
from app.versions import version_of
from tables.engine import DB
from tables.keys import new_key
from tables.organisations import Organisation
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


async def _organisation(name: str, above: Sequence[uuid.UUID] = ()) -> uuid.UUID:
    key = new_key()
    await Organisation.insert(
        Organisation(id=key, name=name, parent=above[-1] if above else None, path=[*above, key])
    )
    return key


async def test_what_is_aimed_at_an_organisation_holds_for_all_below() -> None:
    north = await _organisation("North")
    branch = await _organisation("Hamburg", [north])
    south = await _organisation("South")
    known = await people.company()
    visitor = await known.signed_in()
    await aim(LIST, "A", organisations=[north])
    await aim(LIST, "B", organisations=[south])
    assert await lists_for(visitor) == set()
    await DB.execute("UPDATE customers SET organisation = $1", branch)
    assert await lists_for(visitor) == {"A"}


async def test_what_is_aimed_at_a_contract_holds_on_its_days_only() -> None:
    known = await people.company()
    visitor = await known.signed_in()
    keys = {}
    for name, first, last in (
        ("past", -9, -1),
        ("today", 0, 0),
        ("endless", -1, None),
        ("future", 1, None),
    ):
        keys[name] = new_key()
        await DB.execute(
            "INSERT INTO contracts (id, number, customer, name, kind, starts_on, ends_on, comment, currency,"
            " version, created_at) SELECT $1, $2, $3, $2, 'revenue', today + $4::int, today + $5::int, '', 'EUR', 1, now()"
            " FROM (SELECT (now() AT TIME ZONE 'Europe/Berlin')::date AS today) t",
            keys[name],
            name,
            known.customer_id,
            first,
            last,
        )
        await aim(LIST, name, contracts=[keys[name]])
    assert await lists_for(visitor) == {"today", "endless"}
    assert await lists_for(await (await people.company("other@quick.example")).signed_in()) == set()


async def test_the_customer_group_of_the_organisation_wins_over_the_customers_own() -> None:
    region = await _organisation("North")
    branch = await _organisation("Hamburg", [region])
    known = await people.company()
    visitor = await known.signed_in()
    for segment, is_group in (("GOLD", True), ("SILVER", True), ("NEWSLETTER", False)):
        await create_segment(segment, segment)
        await DB.execute("UPDATE segments SET is_customer_group = $1 WHERE id = $2", is_group, segment)
        await aim(LIST, segment, segments=[segment])
    await assign("SILVER", [known.customer_id])
    await assign("NEWSLETTER", [known.customer_id])
    assert await lists_for(visitor) == {"SILVER", "NEWSLETTER"}
    await DB.execute("UPDATE customers SET organisation = $1", branch)
    assert await lists_for(visitor) == {"SILVER", "NEWSLETTER"}
    await DB.execute("UPDATE organisations SET customer_group = 'GOLD' WHERE id = $1", region)
    assert await lists_for(visitor) == {"GOLD", "NEWSLETTER"}


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
