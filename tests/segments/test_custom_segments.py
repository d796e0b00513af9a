"""Custom segments: made, filled, edited and deleted; seen at the next request (domain.md 7)."""

import asyncio
import json
import uuid

import pytest

from app.segments.custom import (
    SegmentInUse,
    SegmentRefused,
    SegmentUnknown,
    StaleSegment,
    count_members,
    create_segment,
    custom_segment,
    custom_segments,
    delete_segment,
    edit_segment,
    names_of_segments,
)
from app.segments.members import assign, members_of, preview, remove, segments_of_customer, why_in
from app.segments.rules import Rule, RuleRefused, read_rule
from app.segments.segmentation_services import update_segments_of
from app.segments.targets import aim, targets_of
from tables import Membership
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.people import Known
from tests.segments.looking import place_order, segments

pytestmark = pytest.mark.usefixtures("database")


def rule(value: object) -> Rule:
    return read_rule(json.dumps(value))


IN_FRANCE = rule({"is": "country", "one_of": ["FR"]})
HAS_ORDERED = rule({"is": "order_count", "at_least": 1})
BUSINESS = rule({"is": "customer_type", "one_of": ["SMB"]})


async def customer_ids(segment: str) -> set[uuid.UUID]:
    return {one.id for one in await members_of(segment)}


async def test_a_segment_needs_an_id_and_a_name_and_nothing_else() -> None:
    await create_segment("GOLD", " Gold ")
    found = await custom_segment("GOLD")
    assert (found.id, found.name, found.description, found.rule, await count_members("GOLD")) == (
        "GOLD",
        "Gold",
        "",
        None,
        0,
    )
    for name in ("", "   "):
        with pytest.raises(SegmentRefused, match="needs a name"):
            await create_segment("SILVER", name)


@pytest.mark.parametrize(
    "taken", ["", " ", "1A", "a b", "a/b", "ä", "x" * 61, "IG_Gold", "ig_gold", "<b>", "a\n"]
)
async def test_an_id_that_cannot_be_one_is_refused(taken: str) -> None:
    with pytest.raises(SegmentRefused):
        await create_segment(taken, "Name")


async def test_an_id_is_unique_and_stays() -> None:
    await create_segment("GOLD", "Gold")
    with pytest.raises(SegmentRefused, match="already"):
        await create_segment("GOLD", "Other gold")
    await edit_segment("GOLD", "Golden", "The best")
    assert [(one.id, one.name, one.description) for one in await custom_segments()] == [
        ("GOLD", "Golden", "The best")
    ]


async def test_two_who_edit_at_once_learn_of_each_other() -> None:
    await create_segment("GOLD", "Gold")
    await edit_segment("GOLD", "Golden", version=1)
    with pytest.raises(StaleSegment):
        await edit_segment("GOLD", "Goldish", version=1)
    assert (await custom_segment("GOLD")).name == "Golden"


async def test_segments_are_found_by_id_and_name() -> None:
    for segment_id, name in (("GOLD", "Best customers"), ("SILVER", "Good customers"), ("RAIN", "Wet")):
        await create_segment(segment_id, name)
    assert [one.id for one in await custom_segments("CUSTOMERS")] == ["GOLD", "SILVER"]
    assert [one.id for one in await custom_segments("rai")] == ["RAIN"]
    assert (await names_of_segments())["IG_NewUsers"] == "New Customers"
    assert (await names_of_segments())["RAIN"] == "Wet"


@pytest.mark.parametrize("implicit", ["IG_Everyone", "IG_NewUsers", "IG_SMBCustomers"])
async def test_an_implicit_segment_is_never_edited_deleted_or_filled(implicit: str) -> None:
    known = await people.shopper()
    assert known.customer_id is not None
    with pytest.raises(SegmentUnknown):
        await edit_segment(implicit, "Mine")
    with pytest.raises(SegmentUnknown):
        await delete_segment(implicit, although_used=True)
    with pytest.raises(SegmentUnknown):
        await assign(implicit, [known.customer_id])


async def test_who_is_assigned_by_hand_sees_it_at_the_next_request() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await create_segment("GOLD", "Gold")
    assert "GOLD" not in await segments(person)
    assert await assign("GOLD", [known.customer_id, uuid.uuid4()]) == 1
    assert "GOLD" in await segments(person)
    assert await assign("GOLD", [known.customer_id]) == 0
    assert await remove("GOLD", [known.customer_id]) == 1
    assert "GOLD" not in await segments(person)


async def test_a_session_that_is_not_recognised_has_no_custom_segment() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    await DB.execute("UPDATE customers SET approval_status = 'rejected'")
    assert await segments(person) == {"IG_Everyone", "IG_UnregisteredUsers"}


async def test_all_users_of_a_company_have_its_segments_those_added_and_moved_too() -> None:
    gold, plain = await people.company(), await people.company("x@plain.example", company_name="Plain")
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [gold.customer_id])
    added = await (await people.colleague(gold, "added@alfki.example")).signed_in()
    assert "GOLD" in await segments(added)
    moving = await people.colleague(plain, "moving@plain.example")
    moved = await moving.signed_in()
    assert "GOLD" not in await segments(moved)
    await Membership.update({Membership.customer: gold.customer_id}).where(
        Membership.id == moving.membership_id
    )
    assert "GOLD" in await segments(moved)
    assert await DB.fetch_value("SELECT count(*) FROM segment_members") == 1


async def test_a_rule_finds_its_members_when_it_is_made_and_changed() -> None:
    shopper, company = await people.shopper(), await people.company()
    await create_segment("TRADE", "Trade", rule=BUSINESS)
    assert await customer_ids("TRADE") == {company.customer_id}
    await edit_segment("TRADE", "Private", rule=rule({"is": "customer_type", "one_of": ["INDIVIDUAL"]}))
    assert await customer_ids("TRADE") == {shopper.customer_id}
    await edit_segment("TRADE", "By hand")
    assert await customer_ids("TRADE") == set()


async def test_a_rule_leaves_alone_who_was_assigned_by_hand() -> None:
    shopper, company = await people.shopper(), await people.company()
    await create_segment("TRADE", "Trade", rule=BUSINESS)
    await assign("TRADE", [shopper.customer_id, company.customer_id])
    assert [one.origins for one in await members_of("TRADE", "Alfreds")] == [("hand", "rule")]
    await edit_segment("TRADE", "Trade")
    assert await customer_ids("TRADE") == {shopper.customer_id, company.customer_id}


async def test_a_broken_rule_leaves_everything_as_it_was() -> None:
    await people.company()
    await create_segment("TRADE", "Trade", rule=BUSINESS)
    with pytest.raises(RuleRefused, match="There is no segment NOTHING"):
        await edit_segment("TRADE", "New", rule=rule({"is": "segment", "segment": "NOTHING"}))
    found = await custom_segment("TRADE")
    assert (found.name, found.rule, await count_members("TRADE")) == ("Trade", BUSINESS, 1)


async def test_a_preview_counts_and_changes_nothing() -> None:
    for n in range(12):
        await people.shopper(f"{n}@example.com")
    company = await people.company()
    found = await preview(rule({"is": "customer_type", "one_of": ["INDIVIDUAL"]}))
    assert (found.count, len(found.examples)) == (12, 10)
    assert [one.id for one in (await preview(BUSINESS)).examples] == [company.customer_id]
    assert await DB.fetch_value("SELECT count(*) FROM segment_members") == 0


async def test_rules_may_ask_for_segments_with_rules() -> None:
    known = await people.company()
    person = await known.signed_in()
    await create_segment("TRADE", "Trade", rule=BUSINESS)
    await create_segment("CHOSEN", "Chosen")
    both = {"is": "all", "of": [{"is": "segment", "segment": one} for one in ("TRADE", "CHOSEN")]}
    await create_segment("BOTH", "Both", rule=rule(both))
    assert "BOTH" not in await segments(person)
    await assign("CHOSEN", [known.customer_id])
    assert {"BOTH", "CHOSEN", "TRADE"} <= await segments(person)
    await edit_segment("TRADE", "Trade", rule=IN_FRANCE)
    assert not {"BOTH", "TRADE"} & await segments(person)
    await known.signed_in()
    assert not {"BOTH", "TRADE"} & await segments(person)


async def test_rules_do_not_ask_for_each_other_in_a_circle() -> None:
    await create_segment("A", "A")
    await create_segment("B", "B", rule=rule({"is": "segment", "segment": "A"}))
    with pytest.raises(RuleRefused, match="circle"):
        await edit_segment("A", "A", rule=rule({"is": "segment", "segment": "B", "is_in": False}))
    with pytest.raises(RuleRefused, match="circle"):
        await edit_segment("A", "A", rule=rule({"is": "segment", "segment": "A"}))


@pytest.mark.parametrize("segment", ["IG_RegisteredUsers", "IG_UnregisteredUsers"])
async def test_no_rule_asks_for_what_depends_on_the_session(segment: str) -> None:
    with pytest.raises(RuleRefused, match="depends on who is signed in"):
        await create_segment("A", "A", rule=rule({"is": "segment", "segment": segment}))


async def test_an_order_changes_segments_at_the_next_request() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await create_segment("BUYERS", "Buyers", rule=HAS_ORDERED)
    assert "BUYERS" not in await segments(person)
    await _ordered(known)
    assert "BUYERS" in await segments(person)
    # A guest, or somebody else's sign-in, has nothing to do with it.
    assert "BUYERS" not in await segments(await (await people.shopper("other@example.com")).signed_in())


async def test_an_address_changes_segments_at_the_next_request() -> None:
    known = await people.shopper(with_address=False)
    person = await known.signed_in()
    await create_segment("FRENCH", "French", rule=IN_FRANCE)
    address = {"street": "1 rue de Rivoli", "postal_code": "75001", "city": "Paris"}
    page = await person.get("/account/addresses/new?country=FR")
    page = await person.fill(page, {"first_name": "Ines", "last_name": "Roth", "country": "FR", **address})
    assert not page.errors
    assert "FRENCH" in await segments(person)


async def test_at_sign_in_segments_are_brought_up_to_date() -> None:
    known = await people.shopper()
    await create_segment("RED", "Red", rule=rule({"is": "attribute", "name": "colour", "value": "red"}))
    await DB.execute("""UPDATE customers SET attributes = '{"colour": "red"}'""")
    assert "RED" in await segments(await known.signed_in())
    await DB.execute("UPDATE customers SET attributes = '{}'")
    assert "RED" not in await segments(await known.signed_in())


async def test_recurring_customers_are_in_rules_from_the_sign_in_that_makes_them_so() -> None:
    known = await people.shopper()
    await create_segment("LOYAL", "Loyal", rule=rule({"is": "segment", "segment": "IG_RecurringUsers"}))
    person = await known.signed_in()
    await place_order(known)
    assert "LOYAL" not in await segments(person)
    assert "LOYAL" in await segments(await known.signed_in())


async def test_staff_learn_why_a_customer_is_in_a_segment() -> None:
    known = await people.company()
    assert known.customer_id is not None
    await create_segment("TRADE", "Trade", rule=rule({"is": "any", "of": [
        {"is": "customer_type", "one_of": ["SMB"]}, {"is": "country", "one_of": ["FR"]}]}))  # fmt: skip
    await assign("TRADE", [known.customer_id])
    by_rule, by_hand = await why_in(known.customer_id, "TRADE")
    assert by_rule.words == "The rule of the segment holds."
    assert by_rule.rule is not None
    assert [(one.words, one.holds) for one in by_rule.rule.parts] == [
        ("customer type: Business customer", True),
        ("country: FR", False),
    ]
    assert by_hand.words == "The customer was assigned by hand."
    assert by_hand.since is not None
    assert [one.words for one in await why_in(known.customer_id, "IG_SMBCustomers")] == [
        "All customers of this type are in it."
    ]
    assert "first order" in (await why_in(known.customer_id, "IG_NewUsers"))[0].words
    assert await why_in(known.customer_id, "IG_RecurringUsers") == []
    assert await why_in(known.customer_id, "NOTHING") == []
    assert await segments_of_customer(known.customer_id) == [
        "IG_Everyone", "IG_NewUsers", "IG_SMBCustomers", "TRADE"]  # fmt: skip


async def test_a_segment_that_is_not_used_is_deleted_with_its_members() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    await delete_segment("GOLD")
    assert "GOLD" not in await segments(person)
    with pytest.raises(SegmentUnknown):
        await custom_segment("GOLD")
    # Whoever makes one of the same id later does not find the members of the old one in it.
    await create_segment("GOLD", "Gold")
    assert await members_of("GOLD") == []


async def test_deleting_a_segment_that_is_used_lists_where_and_asks() -> None:
    await create_segment("GOLD", "Gold")
    await DB.execute("INSERT INTO price_lists (id, name) VALUES ('GoldPrices', 'Prices for Gold')")
    await aim(TargetKind.PRICE_LIST, "GoldPrices", segments=["GOLD", "IG_NewUsers"])
    with pytest.raises(SegmentInUse) as refused:
        await delete_segment("GOLD")
    assert [(one.kind, one.owner, one.name) for one in refused.value.uses] == [
        ("price_list", "GoldPrices", "Prices for Gold")
    ]
    assert not refused.value.is_in_rules
    assert (await targets_of(TargetKind.PRICE_LIST, "GoldPrices")).segments == {"GOLD", "IG_NewUsers"}
    await delete_segment("GOLD", although_used=True)
    assert (await targets_of(TargetKind.PRICE_LIST, "GoldPrices")).segments == {"IG_NewUsers"}


async def test_a_segment_that_a_rule_asks_for_stays_until_the_rule_is_changed() -> None:
    await create_segment("GOLD", "Gold")
    await create_segment("BEST", "Best", rule=rule({"is": "segment", "segment": "GOLD"}))
    with pytest.raises(SegmentInUse) as refused:
        await delete_segment("GOLD", although_used=True)
    assert refused.value.is_in_rules
    assert [(one.kind, one.owner, one.name) for one in refused.value.uses] == [("rule", "BEST", "Best")]
    await edit_segment("BEST", "Best")
    await delete_segment("GOLD")


async def test_every_change_is_in_the_audit_log() -> None:
    known = await people.shopper()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    await edit_segment("GOLD", "Golden")
    await remove("GOLD", [known.customer_id])
    await delete_segment("GOLD")
    rows = await DB.fetch(
        "SELECT action, before::text, after::text, customer_id FROM audit_entries ORDER BY id"
    )
    assert [row["action"] for row in rows] == [
        "segment created",
        "customer put into segment",
        "segment changed",
        "customer taken out of segment",
        "segment deleted",
    ]
    assert rows[1]["customer_id"] == known.customer_id
    assert (json.loads(rows[2]["before"])["name"], json.loads(rows[2]["after"])["name"]) == ("Gold", "Golden")


async def _ordered(known: Known) -> None:
    async with DB.transaction():
        await DB.execute(
            "INSERT INTO orders (id, number, application, customer, email, email_canonical, placed_at)"
            " VALUES (gen_random_uuid(), '1', 'shop', $1, '', '', now())",
            known.customer_id,
        )
        await place_order(known)


async def test_two_edits_at_once_do_not_close_a_circle() -> None:
    for one in ("A", "B"):
        await create_segment(one, one)
    outcomes = await asyncio.gather(
        edit_segment("A", "A", rule=rule({"is": "segment", "segment": "B"})),
        edit_segment("B", "B", rule=rule({"is": "segment", "segment": "A"})),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["NoneType", "RuleRefused"]


async def test_of_a_deletion_and_a_new_target_at_once_one_wins() -> None:
    for _time in range(10):
        await create_segment("GOLD", "Gold")
        await asyncio.gather(
            delete_segment("GOLD"),
            aim(TargetKind.PRICE_LIST, "GoldPrices", segments=["GOLD"]),
            return_exceptions=True,
        )
        is_there = await DB.fetch_value("SELECT count(*) FROM segments")
        is_target = await DB.fetch_value("SELECT count(*) FROM targets")
        assert is_there == is_target
        if is_there:
            await delete_segment("GOLD", although_used=True)


async def test_changes_of_one_customer_at_once_leave_what_its_facts_say() -> None:
    known = await people.shopper()
    assert known.customer_id is not None
    await create_segment("RED", "Red", rule=rule({"is": "attribute", "name": "colour", "value": "red"}))

    async def paint(colour: str) -> None:
        async with DB.transaction():
            await DB.execute(
                "UPDATE customers SET attributes = jsonb_build_object('colour', $1::text)", colour
            )
            await update_segments_of(known.customer_id)  # type: ignore[arg-type]  # asserted above

    for _time in range(5):
        await asyncio.gather(*(paint(one) for one in ("red", "blue", "red", "green")))
        last = await DB.fetch_value("SELECT attributes ->> 'colour' FROM customers")
        assert (known.customer_id in await customer_ids("RED")) is (last == "red")
