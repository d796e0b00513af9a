"""Merging duplicates, and taking it back (domain.md 9)."""

import asyncio
import sys
import uuid
from pathlib import Path

import pytest

from app.customers.merged_rows import FOLLOWS, MEMBERSHIP_LINKS, STAYS
from app.customers.permissions import Permission
from app.customers.undoing_merges import purge_old_merges
from app.personal_data.deletion import forget_user
from app.segments.custom import create_segment
from app.segments.members import assign
from tables.engine import DB
from tests import people
from tests.back_office.acting import visitor_of
from tests.browser_like import Person, SeenPage
from tests.company_users.managing import own_role
from tests.customers.belonging import (
    address,
    asked,
    basket,
    links_to_people,
    member_too,
    ordered,
    template,
    values,
)
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")
# What a merge changes, to be compared as a whole before it and after it is undone.
TABLES = (
    "addresses",
    "account_managers",
    "approval_requests",
    "baskets",
    "companies",
    "company_roles",
    "contracts",
    "invitations",
    "join_requests",
    "memberships",
    "order_templates",
    "orders",
    "promotion_uses",
    "requisitions",
    "segment_members",
    "targets",
)


async def stored() -> dict[str, list[object]]:
    """All rows that a merge may touch, as text."""
    found = {
        table: await values(f"SELECT to_jsonb(t)::text FROM {table} t ORDER BY t.id") for table in TABLES
    }
    found["customers"] = await values(
        "SELECT (to_jsonb(c) - 'version')::text FROM customers c ORDER BY c.number"
    )
    return found


async def two_companies() -> tuple[Known, Known]:
    """Two companies that are one, with something of everything; one person is in both."""
    kept = await people.company()
    gone = await people.company("m@alfki2.example", company_name="Alfreds Futterkiste GmbH")
    both = await people.colleague(gone, "both@alfki2.example", ("approver",))
    await member_too(both, kept, ("viewer",))
    await ordered(kept, "O-1")
    await ordered(gone, "O-2")
    await ordered(both, "O-3")
    await asked(both, "R-1")
    await template(gone, "Weekly")
    await address(both, "Own street 1", is_personal=True)
    await basket(both)
    for one in (kept, gone):
        await DB.execute(
            "INSERT INTO company_roles (id, customer, name, permissions, created_at)"
            " VALUES (gen_random_uuid(), $1, 'Chef', '{purchase}', now())",
            one.customer_id,
        )
        await DB.execute(
            "INSERT INTO targets (id, kind, owner, customer) VALUES (gen_random_uuid(), 'price_list', 'Gold', $1)",
            one.customer_id,
        )
        await DB.execute(
            """INSERT INTO invitations (id, customer, application, email, email_canonical, created_at, sent_at,
                   expires_at) VALUES (gen_random_uuid(), $1, 'business', 'n@n.example', 'n@n.example', now(), now(),
                   now() + interval '7 days')""",
            one.customer_id,
        )
    await DB.execute(
        "INSERT INTO contracts (id, number, customer, name, starts_on, created_at)"
        " VALUES (gen_random_uuid(), 'C-1', $1, 'Frame', current_date, now())",
        gone.customer_id,
    )
    await DB.execute(
        "UPDATE memberships SET stand_in = $1 WHERE id = $2", both.membership_id, gone.membership_id
    )
    await DB.execute(
        "UPDATE customers c SET first_order_at = (SELECT min(placed_at) FROM orders o WHERE o.customer = c.id)"
    )
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [gone.customer_id])
    return kept, gone


async def merged(staff: Person, kept: Known, gone: Known) -> SeenPage:
    page = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}")
    assert "What happens" in page.main, page.main
    return await staff.fill(page, {}, form="stays")


async def undone(staff: Person, kept: Known) -> SeenPage:
    page = await staff.get(f"/customers/{kept.number}/merge")
    (action,) = [form.get("action") for form in page.tree.findall(".//form") if "/undo" in form.get("action")]
    return await staff.post(action, {})


async def test_merging_knows_every_column_that_points_to_people() -> None:
    follows = {f"{table}.{one.column}" for table, one in FOLLOWS.items()}
    follows |= {f"{table}.{column}" for table, column in MEMBERSHIP_LINKS}
    assert await links_to_people() - follows - set(STAYS) == set(), (
        "say in app/customers/merged_rows.py whether the rows follow"
    )
    assert follows | set(STAYS) <= await links_to_people()
    assert not follows & set(STAYS)
    assert all(STAYS.values())


async def test_everything_follows_to_the_customer_that_stays(staff: Person) -> None:
    kept, gone = await two_companies()
    browser = await gone.signed_in()
    page = await merged(staff, kept, gone)
    assert f"Customer {gone.number} is merged into this one" in page.text
    for table in (*FOLLOWS, "companies"):
        column = "kept" if table == "customer_merges" else "customer"
        assert set(await values(f"SELECT {column} FROM {table}")) <= {kept.customer_id}, table
    assert await values("SELECT count(*) FROM orders") == [3]
    assert await values("SELECT roles FROM memberships ORDER BY roles") == [
        ["account_administrator"],
        ["account_administrator"],
        ["viewer"],
    ]
    assert await values("SELECT name FROM company_roles ORDER BY name") == ["Chef", f"Chef ({gone.number})"]
    # Who was signed in goes on for the company that stays.
    assert "O-1" in (await browser.get("/account/orders")).text
    # Links with the old number lead on, and the history tells of it.
    page = await staff.get(f"/customers/{gone.number}")
    assert page.path.endswith(f"/customers/{kept.number}")
    assert "customers merged" in page.main


async def test_the_preview_says_what_happens_and_changes_nothing(staff: Person) -> None:
    kept, gone = await two_companies()
    before = await stored()
    page = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}")
    rows = {
        row.find("th").text_content(): [one.text_content() for one in row.findall("td")]
        for row in page.tree.findall(".//tbody/tr")
    }
    assert rows["Users"] == ["1", "1"]
    assert rows["Orders"] == ["2", "0"]
    assert rows["Offers aimed at the customer"] == ["0", "1"]
    assert rows["Segments"] == ["1", "0"]
    assert rows["Stays"][1] == kept.number
    # The other way round.
    page = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}&stays=other")
    page_rows = page.tree.findall(".//tbody/tr")
    assert [one.text_content() for one in page_rows[0].findall("td")][1] == gone.number
    assert await stored() == before


async def test_the_other_one_may_stay(staff: Person) -> None:
    kept, gone = await two_companies()
    page = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}&stays=other")
    page = await staff.fill(page, {}, form="stays")
    assert await values("SELECT number FROM customers") == [gone.number]


async def test_a_merge_that_is_undone_leaves_everything_as_it_was(staff: Person) -> None:
    kept, gone = await two_companies()
    before = await stored()
    await merged(staff, kept, gone)
    page = await undone(staff, kept)
    assert f"customer {gone.number} is back" in page.text
    after = await stored()
    for table, rows in before.items():
        assert after[table] == rows, table
    page = await staff.get(f"/customers/{kept.number}/merge")
    assert "undone" in page.main
    await gone.signed_in()


async def test_what_came_since_stays_with_the_customer_that_stayed(staff: Person) -> None:
    kept, gone = await two_companies()
    await merged(staff, kept, gone)
    gone_now = Known(**{**vars(gone), "customer_id": kept.customer_id})
    await ordered(gone_now, "O-9")
    await undone(staff, kept)
    assert await values("SELECT customer FROM orders WHERE number = 'O-9'") == [kept.customer_id]


async def test_undoing_says_what_speaks_against_it(staff: Person) -> None:
    kept, gone = await two_companies()
    (moved_address,) = await values(
        "SELECT id FROM addresses WHERE customer = $1 AND membership IS NULL", gone.customer_id
    )
    await merged(staff, kept, gone)
    # Somebody has the number now; an address that was moved is preferred; only a moved user is administrator.
    await people.company("x@x.example", number=gone.number, company_name="Somebody else")
    await DB.execute(
        "UPDATE addresses SET is_preferred_billing = false WHERE customer = $1", kept.customer_id
    )
    await DB.execute("UPDATE addresses SET is_preferred_billing = true WHERE id = $1", moved_address)
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", kept.membership_id)
    page = await staff.get(f"/customers/{kept.number}/merge")
    assert "Another customer has the number now." in page.main
    assert "is preferred here" in page.main
    assert "without an active account administrator" in page.main
    merge_id = (await values("SELECT id FROM customer_merges"))[0]
    page = await staff.post(f"/customers/{kept.number}/merges/{merge_id}/undo", {})
    assert "The merge cannot be undone." in page.text
    assert await values("SELECT count(*) FROM customer_merges WHERE undone_at IS NULL") == [1]


async def test_a_merge_is_undone_while_somebody_who_stays_can_do_everything_by_the_companys_own_roles(
    staff: Person,
) -> None:
    kept, gone = await two_companies()
    everything = await own_role(kept, "Everything", *(one.value for one in Permission))
    await merged(staff, kept, gone)
    await DB.execute("UPDATE memberships SET roles = $2 WHERE id = $1", kept.membership_id, [everything])
    page = await staff.get(f"/customers/{kept.number}/merge")
    assert "without an active account administrator" not in page.main
    await undone(staff, kept)
    assert await values("SELECT count(*) FROM customer_merges WHERE undone_at IS NULL") == [0]


async def test_merges_are_undone_in_reverse_order(staff: Person) -> None:
    kept, gone = await two_companies()
    third = await people.company("t@third.example", company_name="Third")
    await merged(staff, kept, gone)
    await merged(staff, third, kept)
    page = await staff.get(f"/customers/{third.number}/merge")
    assert "has been merged into this one since" in page.main
    await undone(staff, third)
    page = await undone(staff, kept)
    assert f"customer {gone.number} is back" in page.text


async def test_a_merge_can_be_undone_for_30_days(staff: Person) -> None:
    kept, gone = await two_companies()
    await merged(staff, kept, gone)
    assert await purge_old_merges() == 0
    await DB.execute("UPDATE customer_merges SET merged_at = now() - interval '31 days'")
    assert "Merged into this customer" not in (await staff.get(f"/customers/{kept.number}/merge")).main
    assert await purge_old_merges() == 1


async def test_who_could_not_sign_in_before_cannot_by_a_merge(staff: Person) -> None:
    kept = await people.company()
    gone = await people.company("m@gone.example", approval_status="rejected", company_name="Gone")
    await merged(staff, kept, gone)
    assert await values("SELECT is_active FROM memberships WHERE id = $1", gone.membership_id) == [False]
    await undone(staff, kept)
    assert await values("SELECT is_active FROM memberships WHERE id = $1", gone.membership_id) == [True]


async def test_what_cannot_be_merged_is_said(staff: Person) -> None:
    company, shopper = await people.company(), await people.shopper()
    pending = await people.pending_company()
    for number, words in (
        (company.number, "with itself"),
        (shopper.number, "many users"),
        (pending.number, "waits for approval"),
        ("nobody", "no customer with this number"),
    ):
        page = await staff.get(f"/customers/{company.number}/merge?other={number}")
        assert page.status == 422
        assert words in page.errors["other"]
        page = await staff.post(f"/customers/{company.number}/merge", {"other": number})
        assert page.status == 422


async def test_staff_are_told_why_individuals_are_not_merged_and_what_to_do_instead(staff: Person) -> None:
    shopper, twin = await people.shopper(), await people.shopper("ines.two@example.com")
    page = await staff.get(f"/customers/{shopper.number}")
    assert "One person with two accounts?" in page.main
    page = await staff.get(f"/customers/{shopper.number}/merge")
    assert page.status == 200
    assert "An individual customer has exactly one user" in page.main
    page = await staff.post(f"/customers/{shopper.number}/merge", {"other": twin.number})
    assert page.status == 404
    assert await values("SELECT count(*) FROM customers") == [2]


async def test_a_merge_that_somebody_else_has_changed_is_shown_anew(staff: Person) -> None:
    kept, gone = await two_companies()
    page = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}")
    await DB.execute("UPDATE customers SET version = version + 1 WHERE id = $1", gone.customer_id)
    page = await staff.fill(page, {}, form="stays")
    assert page.status == 409
    assert "Somebody else has changed this meanwhile" in page.main
    page = await staff.fill(page, {}, form="stays")
    assert page.status == 200


async def test_two_merges_at_once_merge_once(staff: Person) -> None:
    kept, gone = await two_companies()
    page = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}")
    other_way = await staff.get(f"/customers/{kept.number}/merge?other={gone.number}&stays=other")
    answers = await asyncio.gather(
        *(staff.fill(one, {}, form="stays", follow=False) for one in (page, other_way))
    )
    assert sorted(one.status for one in answers)[0] == 303
    assert sorted(one.status for one in answers)[1] in (404, 409, 422)
    assert await values("SELECT count(*) FROM customers") == [1]
    assert await values("SELECT count(*) FROM orders") == [3]


# A process of its own that merges, and waits at the last step for who holds the table of records.
MERGING = """
import asyncio, sys
from app.applications import application_by_id
from app.customers.merging import merge_customers
from app.visitor import Visitor

visitor = Visitor(application=application_by_id("back-office"), language="en", account=None)
asyncio.run(merge_customers(sys.argv[1], sys.argv[2], versions=None, visitor=visitor))
"""
WAITS = """
    SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'customer_merges'::regclass AND NOT granted)
"""


async def test_a_merge_that_is_killed_in_the_middle_has_not_happened() -> None:
    kept, gone = await two_companies()
    before = await stored()
    async with DB.transaction():
        await DB.execute("LOCK TABLE customer_merges IN SHARE MODE")
        merging = await asyncio.create_subprocess_exec(
            sys.executable, "-c", MERGING, kept.number, gone.number, cwd=Path(__file__).parents[2]
        )
        async with asyncio.timeout(60):
            while not await DB.fetch_value(WAITS):
                assert merging.returncode is None
                await asyncio.sleep(0.05)
        merging.kill()
        await merging.wait()
    async with asyncio.timeout(60):
        while await DB.fetch_value(
            "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'customer_merges'::regclass)"
        ):
            await asyncio.sleep(0.05)
    assert await stored() == before


async def test_a_record_that_names_a_forgotten_person_is_forgotten_too(staff: Person) -> None:
    kept, gone = await two_companies()
    await merged(staff, kept, gone)
    (user_id,) = await values("SELECT id FROM users WHERE email = 'both@alfki2.example'")
    admin = await people.staff_member("other.admin@example.com")
    async with DB.transaction():
        await forget_user(uuid.UUID(str(user_id)), await visitor_of(admin))
    assert await values("SELECT count(*) FROM customer_merges") == [0]


async def test_merging_is_for_staff_who_look_after_customers() -> None:
    company = await people.company()
    person = await (await people.staff_member(privileges=("orders",))).signed_in()
    for path in (f"/customers/{company.number}/merge", "/customers/duplicates"):
        assert (await person.get(path)).status == 403
