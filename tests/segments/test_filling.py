"""Filling segments by the worker: in large shops, and every night where time changes a rule (domain.md 7)."""

import asyncio
import json

import pytest

from app.segments.custom import count_members, create_segment, custom_segment, edit_segment
from app.segments.filling import BATCH, fill_due_segments
from app.segments.members import assign, remove
from app.segments.push import PushedMember, PushMode, delete_expired_members, push_members
from app.segments.rules import Rule, changes_with_time, read_rule
from tables.engine import DB
from tests import people
from tests.browser_like import Person
from tests.other_connection import other_connection, until_somebody_waits

pytestmark = pytest.mark.usefixtures("database")
# More than two batches.
MANY = 2 * BATCH + 500


def rule(value: object) -> Rule:
    return read_rule(json.dumps(value))


EVERYBODY = rule({"is": "customer_type", "one_of": ["INDIVIDUAL", "SMB"]})
BUSINESS = rule({"is": "customer_type", "one_of": ["SMB"]})
NEW_HERE = rule({"is": "registered", "within_days": 30})


async def many_customers() -> None:
    """Every second one is a business."""
    await DB.execute(
        """
        INSERT INTO customers (id, number, customer_type, approval_status, is_active, search_name, created_at)
        SELECT gen_random_uuid(), 'M-' || n, CASE n % 2 WHEN 0 THEN 'SMB' ELSE 'INDIVIDUAL' END,
               'approved', true, '', now()
        FROM generate_series(1, $1::int) AS n
        """,
        MANY,
    )


async def count(segment: str) -> int:
    return await count_members(segment)


async def test_in_a_small_shop_members_are_found_at_once() -> None:
    await people.shopper()
    await create_segment("ALL", "All", rule=EVERYBODY)
    found = await custom_segment("ALL")
    assert (await count_members("ALL"), found.is_being_filled) == (1, False)
    assert await fill_due_segments() == 0


async def test_in_a_large_shop_the_worker_finds_them() -> None:
    await many_customers()
    await create_segment("BUSINESS", "Business", rule=BUSINESS)
    found = await custom_segment("BUSINESS")
    assert (await count_members("BUSINESS"), found.is_being_filled) == (0, True)
    assert await fill_due_segments() == 1
    found = await custom_segment("BUSINESS")
    assert (await count_members("BUSINESS"), found.is_being_filled) == (MANY // 2, False)
    await edit_segment("BUSINESS", "Business", rule=EVERYBODY)
    assert (await custom_segment("BUSINESS")).is_being_filled
    await fill_due_segments()
    assert await count("BUSINESS") == MANY


async def test_several_workers_share_the_work() -> None:
    await many_customers()
    for number in range(3):
        await create_segment(f"S{number}", "Some", rule=BUSINESS)
    finished = await asyncio.gather(*(fill_due_segments() for _ in range(4)))
    # Who found nothing to claim has gone; what is left another one finishes.
    assert sum(finished) + await fill_due_segments() == 3
    assert [await count(f"S{number}") for number in range(3)] == [MANY // 2] * 3


async def test_a_rule_that_is_changed_while_it_is_filled_is_filled_from_the_start() -> None:
    await many_customers()
    await create_segment("SOME", "Some", rule=EVERYBODY)
    # As if a worker had been killed after its first batch.
    await DB.execute(
        "UPDATE segments SET filled_up_to = (SELECT id FROM customers ORDER BY id OFFSET 1999 LIMIT 1)"
    )
    await edit_segment("SOME", "Some", rule=BUSINESS)
    await fill_due_segments()
    assert await count("SOME") == MANY // 2


async def test_rules_that_ask_for_a_segment_are_filled_after_it() -> None:
    await many_customers()
    await create_segment("A", "A", rule=BUSINESS)
    await create_segment("B", "B", rule=rule({"is": "segment", "segment": "A", "is_in": False}))
    await fill_due_segments()
    assert (await count("A"), await count("B")) == (MANY // 2, MANY - MANY // 2)
    await edit_segment("A", "A", rule=EVERYBODY)
    await fill_due_segments()
    assert (await count("A"), await count("B")) == (MANY, 0)


async def test_rules_that_ask_for_members_by_hand_follow_them_in_a_large_shop_too() -> None:
    await many_customers()
    ids = [row["id"] for row in await DB.fetch("SELECT id FROM customers ORDER BY id LIMIT 3")]
    await create_segment("HAND", "By hand")
    await create_segment("RULE", "By rule", rule=rule({"is": "segment", "segment": "HAND"}))
    await fill_due_segments()
    await assign("HAND", ids)
    await fill_due_segments()
    assert await count("RULE") == 3
    await remove("HAND", ids[:2])
    await fill_due_segments()
    assert await count("RULE") == 1


async def test_a_rule_with_last_n_days_is_filled_anew_every_night_and_once() -> None:
    await people.shopper()
    await create_segment("NEW", "New here", rule=NEW_HERE)
    due = await DB.fetch_value("SELECT fill_due_at FROM segments")
    assert due is not None
    assert (due.hour, due.minute) == (3, 0)
    assert await DB.fetch_value("SELECT fill_due_at BETWEEN now() AND now() + interval '1 day' FROM segments")
    await DB.execute("UPDATE customers SET created_at = now() - interval '31 days'")
    assert await fill_due_segments() == 0, "it is not night yet"
    assert await count("NEW") == 1
    await DB.execute("UPDATE segments SET fill_due_at = now() - interval '1 minute'")
    assert sum(await asyncio.gather(*(fill_due_segments() for _ in range(3)))) == 1
    assert await count("NEW") == 0
    assert await DB.fetch_value("SELECT fill_due_at > now() FROM segments")


@pytest.mark.parametrize(
    ("condition", "changes"),
    [
        ({"is": "registered", "within_days": 3}, True),
        ({"is": "registered", "since": "2026-01-01"}, False),
        ({"is": "order_total", "days": 30, "at_least": 1}, True),
        ({"is": "last_order", "longer_ago_than_days": 30}, True),
        ({"is": "order_count", "at_least": 1}, False),
        ({"is": "customer_type", "one_of": ["SMB"]}, False),
        ({"is": "segment", "segment": "LOYAL"}, True),
    ],
)
async def test_only_rules_that_time_changes_are_filled_at_night(condition, changes) -> None:
    assert changes_with_time(rule({"is": "any", "of": [condition]})) is changes


async def test_a_segment_that_no_longer_has_a_rule_is_not_filled() -> None:
    await people.shopper()
    await create_segment("NEW", "New here", rule=NEW_HERE)
    await edit_segment("NEW", "New here", rule=None)
    assert await DB.fetch_value("SELECT fill_due_at FROM segments") is None
    assert await count("NEW") == 0


async def test_staff_read_that_a_segment_is_being_filled() -> None:
    await many_customers()
    await create_segment("BUSINESS", "Business", rule=BUSINESS)
    staff: Person = await (await people.staff_member()).signed_in()
    page = await staff.get("/segments/BUSINESS")
    assert "The segment is being filled" in page.main
    assert "being filled" in (await staff.get("/segments")).main
    await fill_due_segments()
    page = await staff.get("/segments/BUSINESS")
    assert "being filled" not in page.main
    assert f"{MANY // 2} customers in this segment" in page.main.replace(",", "")


async def test_a_fill_under_way_goes_on_while_members_come_and_go_and_they_are_judged_at_once(
    outside_services: None,
) -> None:
    await many_customers()
    rows = await DB.fetch("SELECT id, number FROM customers ORDER BY id LIMIT 4")
    ids, numbers = [row["id"] for row in rows], [row["number"] for row in rows]
    await create_segment("HAND", "By hand")
    await create_segment("PUSHED", "Pushed")
    asks = [{"is": "segment", "segment": "HAND"}, {"is": "segment", "segment": "PUSHED"}]
    await create_segment("RULE", "By rule", rule=rule({"is": "any", "of": asks}))
    await create_segment("RULE_TOO", "By rule", rule=rule({"is": "segment", "segment": "RULE"}))
    await fill_due_segments()
    # As if a worker had just finished its first batch of both.
    begun = await DB.fetch_value("SELECT id FROM customers ORDER BY id OFFSET 1999 LIMIT 1")
    await DB.execute("UPDATE segments SET fill_due_at = now(), filled_up_to = $1 WHERE rule <> '{}'", begun)

    async def expect(members: int) -> None:
        assert (await count("RULE"), await count("RULE_TOO")) == (members, members)
        rows = await DB.fetch("SELECT filled_up_to FROM segments WHERE rule <> '{}' AND fill_due_at <= now()")
        assert [row["filled_up_to"] for row in rows] == [begun, begun]

    await assign("HAND", ids[:1])
    await expect(1)
    pushed = [PushedMember(number=one) for one in numbers[1:]]
    await push_members("loyalty", "PUSHED", pushed, PushMode.FULL)
    await expect(4)
    await push_members("loyalty", "PUSHED", pushed[:2], PushMode.FULL)
    await expect(3)
    await DB.execute(
        "UPDATE segment_members SET expires_at = now() - interval '1 second'"
        " WHERE segment = 'PUSHED' AND customer = $1",
        ids[1],
    )
    assert await delete_expired_members() == 1
    await expect(2)
    await remove("HAND", ids[:1])
    await expect(1)
    await fill_due_segments()
    assert (await count("RULE"), await count("RULE_TOO")) == (1, 1)


async def test_very_many_members_that_expire_at_once_are_judged_a_few_at_a_time(
    outside_services: None,
) -> None:
    await many_customers()
    rows = await DB.fetch("SELECT number FROM customers")
    await push_members(
        "loyalty", "PUSHED", [PushedMember(number=row["number"]) for row in rows], PushMode.FULL
    )
    await create_segment("RULE", "By rule", rule=rule({"is": "segment", "segment": "PUSHED"}))
    await fill_due_segments()
    assert await count("RULE") == MANY
    await DB.execute(
        "UPDATE segment_members SET expires_at = now() - interval '1 second' WHERE segment = 'PUSHED'"
    )
    assert sum(await asyncio.gather(*(delete_expired_members() for _ in range(3)))) == MANY
    assert await count("RULE") == 0


async def test_an_expiry_waits_for_the_batch_that_is_under_way(outside_services: None, database: str) -> None:
    """The batch may have judged the customer before the expiry, and writes it down afterwards."""
    known = await people.shopper()
    await push_members("loyalty", "PUSHED", [PushedMember(number=known.number)], PushMode.FULL)
    await create_segment("RULE", "By rule", rule=rule({"is": "segment", "segment": "PUSHED"}))
    await DB.execute("DELETE FROM segment_members WHERE segment = 'RULE'")
    await DB.execute("UPDATE segment_members SET expires_at = now() - interval '1 second'")
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM segments WHERE id = 'RULE' FOR NO KEY UPDATE")
        expiring = asyncio.ensure_future(delete_expired_members())
        await until_somebody_waits(expiring)
        await other.execute(
            "INSERT INTO segment_members (id, segment, customer, service, origin, created_at)"
            " VALUES (gen_random_uuid(), 'RULE', $1, 'standard', 'rule', now())",
            known.customer_id,
        )
        await other.execute("COMMIT")
        assert await expiring == 1
    assert await count("RULE") == 0


async def test_who_is_just_judged_for_another_reason_expires_the_next_time(
    outside_services: None, database: str
) -> None:
    """Nobody who signs in waits for the job, and the job waits for nobody."""
    known, other_one = await people.shopper(), await people.shopper("other@example.com")
    both = [PushedMember(number=one.number) for one in (known, other_one)]
    await push_members("loyalty", "PUSHED", both, PushMode.FULL)
    await create_segment("RULE", "By rule", rule=rule({"is": "segment", "segment": "PUSHED"}))
    await DB.execute(
        "UPDATE segment_members SET expires_at = now() - interval '1 second' WHERE service = 'loyalty'"
    )
    async with other_connection(database) as other:
        await other.execute("BEGIN")
        await other.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7))", str(known.customer_id))
        assert await delete_expired_members() == 1
        assert await count("RULE") == 1
        await other.execute("COMMIT")
    assert await delete_expired_members() == 1
    assert await count("RULE") == 0
