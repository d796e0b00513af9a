"""The customer group that an organisation gives: it wins over a customer's own everywhere (domain.md 11)."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from app.customers.search import CustomerSearch, find_customers
from app.organisations.tree import create_organisation, edit_organisation, organisation, put_customer_into
from app.segments.custom import count_members, create_segment, custom_segment, delete_segment, edit_segment
from app.segments.filling import BATCH, fill_due_segments
from app.segments.members import (
    assign,
    members_of,
    preview,
    reasons_of_customer,
    segments_of_customer,
    why_in,
)
from app.segments.rules import Rule, read_rule
from tables.engine import DB
from tests import people
from tests.browser_like import Person
from tests.catalog.shelf import counted_queries
from tests.databases import known_to_the_planner
from tests.people import Known
from tests.segments.looking import segments

pytestmark = pytest.mark.usefixtures("database")

GROUPS = ("GOLD", "SILVER")
ASKED_FOR = (*GROUPS, "CLUB")


def rule(segment: str, *, is_in: bool = True) -> Rule:
    return read_rule(json.dumps({"is": "segment", "segment": segment, "is_in": is_in}))


async def open_groups() -> None:
    """Two customer groups and another segment, and for each a segment whose rule asks for it, and for the opposite."""
    for one in ASKED_FOR:
        await create_segment(one, one.title(), is_customer_group=one in GROUPS)
        await create_segment(f"IN_{one}", one, rule=rule(one))
        await create_segment(f"NOT_{one}", one, rule=rule(one, is_in=False))


def with_rules(*of: str) -> set[str]:
    """What somebody is in who is in these of the three segments that are asked for."""
    return {*of, *(f"IN_{one}" for one in of), *(f"NOT_{one}" for one in ASKED_FOR if one not in of)}


async def assert_is_in(known: Known, person: Person, *of: str) -> None:
    """Everybody who tells of a segment says the same: the visitor's next request, rules, lists, counts, reasons."""
    assert known.customer_id is not None
    expected = with_rules(*of)
    assert {one for one in await segments(person) if not one.startswith("IG_")} == expected
    found = await segments_of_customer(known.customer_id)
    assert {one for one in found if not one.startswith("IG_")} == expected
    for one in ASKED_FOR:
        is_in = one in of
        assert (known.customer_id in {member.id for member in await members_of(one)}) is is_in
        assert bool(await why_in(known.customer_id, one)) is is_in
        asked = await find_customers(CustomerSearch(segment=one))
        assert (known.number in {row.number for row in asked.customers}) is is_in
        assert await count_members(one) == len(await members_of(one))
        assert (known.customer_id in {row.id for row in (await preview(rule(one))).examples}) is is_in
        outside = (await preview(rule(one, is_in=False))).examples
        assert (known.customer_id in {row.id for row in outside}) is not is_in


async def a_company() -> tuple[Known, Person]:
    """A company with SILVER of its own and in the club, and its user, signed in."""
    known = await people.company()
    await open_groups()
    await assign("SILVER", [known.customer_id])
    await assign("CLUB", [known.customer_id])
    return known, await known.signed_in()


async def change(key: uuid.UUID, **changes: object) -> None:
    of = await organisation(key)
    values = {"name": of.name, "parent": of.parent, "customer_group": of.customer_group, **changes}
    await edit_organisation(key, **values)  # type: ignore[arg-type]  # as it is, but for the changes


async def test_the_group_of_the_organisation_is_the_one_that_rules_lists_and_prices_know() -> None:
    known, person = await a_company()
    await assert_is_in(known, person, "SILVER", "CLUB")
    region = await create_organisation("Region", customer_group="GOLD")
    branch = await create_organisation("Branch", parent=region)
    await put_customer_into(known.customer_id, branch)
    await assert_is_in(known, person, "GOLD", "CLUB")
    await put_customer_into(known.customer_id, None)
    await assert_is_in(known, person, "SILVER", "CLUB")


async def test_whatever_changes_the_group_of_an_organisation_is_known_at_the_next_request() -> None:
    known, person = await a_company()
    region = await create_organisation("Region")
    other = await create_organisation("Other", customer_group="GOLD")
    branch = await create_organisation("Branch", parent=region)
    await put_customer_into(known.customer_id, branch)
    await assert_is_in(known, person, "SILVER", "CLUB")
    await change(region, customer_group="GOLD")
    await assert_is_in(known, person, "GOLD", "CLUB")
    await change(region, customer_group="")
    await assert_is_in(known, person, "SILVER", "CLUB")
    await change(branch, parent=other)
    await assert_is_in(known, person, "GOLD", "CLUB")
    # The nearest counts.
    await change(branch, customer_group="SILVER")
    await assert_is_in(known, person, "SILVER", "CLUB")


async def test_a_segment_that_becomes_a_customer_group_gives_way_to_that_of_the_organisation() -> None:
    known, person = await a_company()
    await put_customer_into(known.customer_id, await create_organisation("Region", customer_group="GOLD"))
    await edit_segment("CLUB", "Club", is_customer_group=True)
    await assert_is_in(known, person, "GOLD")
    await edit_segment("CLUB", "Club")
    await assert_is_in(known, person, "GOLD", "CLUB")


async def test_with_a_deleted_group_of_the_organisation_the_own_one_counts_again() -> None:
    known, person = await a_company()
    await create_segment("BRONZE", "Bronze", is_customer_group=True)
    await put_customer_into(known.customer_id, await create_organisation("Region", customer_group="BRONZE"))
    assert "IN_SILVER" not in await segments(person)
    await delete_segment("BRONZE", although_used=True)
    await assert_is_in(known, person, "SILVER", "CLUB")


async def test_staff_see_why_a_group_counts_and_why_another_does_not() -> None:
    known, _person = await a_company()
    await put_customer_into(known.customer_id, await create_organisation("Region", customer_group="GOLD"))
    assert [one.origins for one in await members_of("GOLD")] == [("organisation",)]
    reasons = await reasons_of_customer(known.customer_id)  # type: ignore[arg-type]  # a company has a customer
    assert [one.words for one in reasons["GOLD"]] == [
        "It is the customer group of the customer's organisation."
    ]
    assert [one.words for one in reasons["SILVER"]] == [
        "The customer was assigned by hand. It does not count: the customer group of the organisation wins."
    ]
    # Staff may still take it out.
    assert [one.origin for one in reasons["SILVER"]] == ["hand"]
    [why] = await why_in(known.customer_id, "IN_GOLD")  # type: ignore[arg-type]  # as above
    assert why.rule is not None
    assert why.rule.holds


async def test_in_a_large_shop_the_worker_finds_them() -> None:
    known, person = await a_company()
    region = await create_organisation("Region")
    await put_customer_into(known.customer_id, region)
    await DB.execute(
        """
        INSERT INTO customers (id, number, customer_type, approval_status, is_active, search_name, created_at)
        SELECT gen_random_uuid(), 'M-' || n, 'SMB', 'approved', true, '', now() FROM generate_series(1, $1::int) AS n
        """,
        BATCH + 100,
    )
    await change(region, customer_group="GOLD")
    assert (await custom_segment("IN_GOLD")).is_being_filled
    await fill_due_segments()
    assert {one for one in await segments(person) if not one.startswith("IG_")} == with_rules("GOLD", "CLUB")
    assert await count_members("NOT_GOLD") == BATCH + 100


async def many_customers() -> Known:
    """A company with GOLD of its own among 6,000 others, who are in 300 organisations: a third of these give GOLD, and
    a third SILVER."""
    known = await people.company()
    await open_groups()
    await DB.execute(
        "INSERT INTO organisations (id, name, path, customer_group, created_at)"
        " SELECT id, 'Branch ' || n, ARRAY[id], ($1::text[])[1 + n % 3], now()"
        " FROM (SELECT gen_random_uuid() AS id, n FROM generate_series(1, 300) n) AS one",
        ["", *GROUPS],
    )
    await DB.execute(
        "INSERT INTO customers (id, number, customer_type, created_at, organisation)"
        " SELECT gen_random_uuid(), left(o.id::text, 36) || n, 'SMB', now(), o.id FROM organisations o, generate_series(1, 20) n"
    )
    await assign("GOLD", [known.customer_id])
    await known_to_the_planner("customers", "organisations", "segments", "segment_members")
    return known


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A step of a plan and all below it."""
    yield plan
    for one in plan.get("Plans", ()):
        yield from steps(one)


@pytest.mark.parametrize("is_in", [True, False])
async def test_a_preview_among_many_customers_asks_once_which_organisations_give_the_group(
    *, is_in: bool
) -> None:
    await many_customers()
    with counted_queries() as said:
        found = await preview(rule("GOLD", is_in=is_in))
    assert found.count == (2001 if is_in else 4000)
    explained = await DB.fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {said[0]}", "GOLD")
    asked = [
        step["Actual Loops"]
        for step in steps(json.loads(explained)[0]["Plan"])
        if step.get("Relation Name") == "organisations"
    ]
    assert asked
    assert max(asked) <= 300, "of each organisation, and not of each customer"


async def test_of_members_only_it_is_asked_whether_their_organisation_gives_another_group() -> None:
    known = await many_customers()
    await DB.execute("UPDATE organisations SET customer_group = 'SILVER' WHERE customer_group = 'GOLD'")
    with counted_queries() as said:
        found = await find_customers(CustomerSearch(segment="GOLD"))
    assert [one.number for one in found.customers] == [known.number]
    (count,) = [one for one in said if one.startswith("SELECT count(*) FROM customers")]
    plan = json.loads(await DB.fetch_value(f"EXPLAIN (FORMAT JSON) {count}", "GOLD"))[0]["Plan"]
    (all_customers,) = [step for step in steps(plan) if step.get("Alias") == "c"]
    assert "Filter" not in all_customers
