"""What was withdrawn or changed since a merge stays so when the merge is undone (domain.md 9)."""

import json
from typing import Any

import pytest

from tables.engine import DB
from tests import people
from tests.back_office.test_former_users import put_back
from tests.back_office.test_merge_customers import merged, undone
from tests.back_office.test_move_user import moved
from tests.browser_like import Person
from tests.company_users.managing import own_role, press
from tests.customers.belonging import address, asked, member_too, ordered, values
from tests.people import Known
from tests.requisitions.test_standing_in import STAND_IN, today

pytestmark = pytest.mark.usefixtures("database")

# Merges were recorded like that before: of all rows of the customer that goes what stood in these columns.
COLUMNS_BEFORE = {
    "memberships": ("is_active",),
    "addresses": ("is_preferred_billing", "is_preferred_shipping"),
    "invitations": ("revoked_at",),
    "company_roles": ("name",),
}
LINKS_BEFORE = (
    ("addresses", "membership"),
    ("requisitions", "membership"),
    ("invitations", "invited_by"),
    ("user_imports", "started_by"),
    ("memberships", "stand_in"),
)
both_records = pytest.mark.parametrize("record", ["now", "before"])


async def rows_before(table: str, columns: tuple[str, ...], where: str, *arguments: object) -> dict[str, Any]:
    pairs = ", ".join(f"'{one}', t.{one}" for one in columns)
    found = await values(
        f"SELECT jsonb_build_object('id', t.id, {pairs})::text FROM {table} t WHERE {where}", *arguments
    )
    return {"table": table, "columns": columns, "rows": [json.loads(str(one)) for one in found]}


async def merged_as(record: str, staff: Person, kept: Known, gone: Known) -> None:
    """Merges; where the record is one of before, it is made to look like those."""
    doubled = await values(
        'SELECT id FROM memberships m WHERE customer = $1 AND EXISTS (SELECT FROM memberships k WHERE k."user" ='
        ' m."user" AND k.customer = $2)',
        gone.customer_id,
        kept.customer_id,
    )
    was = [
        await rows_before(table, (one,), f"t.{one} = ANY($1::uuid[])", doubled) for table, one in LINKS_BEFORE
    ]
    was += [
        await rows_before(
            table, columns, "t.customer = $1 AND NOT t.id = ANY($2::uuid[])", gone.customer_id, doubled
        )
        for table, columns in COLUMNS_BEFORE.items()
    ]
    await merged(staff, kept, gone)
    if record == "before":
        known_before = "kept gone customer company first_order_at recurring_since had_administrator moved deleted promotion_uses"
        await DB.execute(
            "UPDATE customer_merges SET before = (SELECT jsonb_object_agg(key, value) FROM jsonb_each(before)"
            " WHERE key = ANY($1::text[])) || jsonb_build_object('was', $2::jsonb)",
            known_before.split(),
            json.dumps([one for one in was if one["rows"]]),
        )


async def two() -> tuple[Known, Known]:
    return (
        await people.company(),
        await people.company("m@alfki2.example", company_name="Alfreds Futterkiste GmbH"),
    )


async def invited(to: Known, email: str) -> object:
    (key,) = await values(
        """INSERT INTO invitations (id, customer, application, email, email_canonical, invited_by, created_at,
               sent_at, expires_at) VALUES (gen_random_uuid(), $1, 'business', $2::varchar, $2, $3, now(), now(),
               now() + interval '7 days') RETURNING id""",
        to.customer_id,
        email,
        to.membership_id,
    )
    return key


async def places(who: Known) -> dict[object, bool]:
    """Of which customers somebody is a user, and whether an active one."""
    rows = await DB.fetch('SELECT customer, is_active FROM memberships WHERE "user" = $1', who.user_id)
    return {row["customer"]: row["is_active"] for row in rows}


async def name_of_role(role: str) -> object:
    return await DB.fetch_value("SELECT name FROM company_roles WHERE id = $1::uuid", role)


async def test_a_merge_can_be_undone_though_its_tables_have_got_columns_since(staff: Person) -> None:
    """A new version of the shop adds columns that must not be empty; the record of the merge knows nothing of them."""
    kept, gone = await two()
    await member_too(kept, gone)
    await merged(staff, kept, gone)
    came_since = (
        "UPDATE customer_merges SET before = before #- '{customer,version}' #- '{company,description}'"
    )
    await DB.execute(came_since + " #- '{deleted,memberships,0,version}'")
    await undone(staff, kept)
    rows = await DB.fetch("SELECT version FROM memberships WHERE customer = $1", gone.customer_id)
    assert [row["version"] for row in rows] == [1, 1]
    assert await values("SELECT description FROM companies WHERE customer = $1", gone.customer_id) == [""]


@both_records
async def test_who_was_disabled_since_stays_disabled(staff: Person, record: str) -> None:
    kept, gone = await two()
    buyer = await people.colleague(gone, "buyer@alfki2.example")
    await merged_as(record, staff, kept, gone)
    await press(await kept.signed_in(), buyer, "/disable")
    await undone(staff, kept)
    assert await places(buyer) == {gone.customer_id: False}
    assert await places(gone) == {gone.customer_id: True}


@both_records
async def test_who_was_enabled_since_stays_enabled(staff: Person, record: str) -> None:
    kept, gone = await two()
    buyer = await people.colleague(gone, "buyer@alfki2.example")
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", buyer.membership_id)
    await merged_as(record, staff, kept, gone)
    await press(await kept.signed_in(), buyer, "/enable")
    await undone(staff, kept)
    assert await places(buyer) == {gone.customer_id: True}


@both_records
async def test_whom_the_merge_kept_out_is_active_again(staff: Person, record: str) -> None:
    kept = await people.company()
    gone = await people.company("m@gone.example", approval_status="rejected", company_name="Gone")
    off = await people.colleague(gone, "off@gone.example")
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", off.membership_id)
    await merged_as(record, staff, kept, gone)
    assert await places(gone) == {kept.customer_id: False}
    await undone(staff, kept)
    assert await places(gone) == {gone.customer_id: True}
    assert await places(off) == {gone.customer_id: False}


@both_records
async def test_an_invitation_that_was_revoked_since_stays_revoked(staff: Person, record: str) -> None:
    kept, gone = await two()
    key = await invited(gone, "nora@n.example")
    open_still = await invited(gone, "otto@n.example")
    await merged_as(record, staff, kept, gone)
    page = await (await kept.signed_in()).post(f"/account/users/invitations/{key}/revoke")
    assert "is taken back" in page.text
    await undone(staff, kept)
    found = await DB.fetch("SELECT id, customer, revoked_at IS NULL AS is_open FROM invitations")
    assert {row["id"]: (row["customer"], row["is_open"]) for row in found} == {
        key: (gone.customer_id, False),
        open_still: (gone.customer_id, True),
    }


@both_records
@pytest.mark.parametrize("is_revoked_since", [True, False])
async def test_an_invitation_that_the_merge_has_revoked_works_again_unless_its_twin_was_revoked_since(
    staff: Person, record: str, is_revoked_since: bool
) -> None:
    kept, gone = await two()
    twin, key = await invited(kept, "nora@n.example"), await invited(gone, "nora@n.example")
    await merged_as(record, staff, kept, gone)
    assert await values("SELECT id FROM invitations WHERE revoked_at IS NOT NULL") == [key]
    if is_revoked_since:
        page = await (await kept.signed_in()).post(f"/account/users/invitations/{twin}/revoke")
        assert "is taken back" in page.text
    await undone(staff, kept)
    is_open = await values("SELECT revoked_at IS NULL FROM invitations WHERE id = $1", key)
    assert is_open == [not is_revoked_since]


@both_records
async def test_who_was_in_both_and_was_removed_since_is_not_back_though_they_belong_to_another_company(
    staff: Person, record: str
) -> None:
    kept, gone = await two()
    third = await people.company("t@third.example", company_name="Third")
    both = await people.colleague(gone, "both@alfki2.example", ("account_administrator",))
    await member_too(both, kept)
    await member_too(both, third)
    await merged_as(record, staff, kept, gone)
    assert "is removed" in (await press(await kept.signed_in(), both, "/remove")).text
    await undone(staff, kept)
    assert await places(both) == {third.customer_id: True}


@both_records
async def test_who_was_in_both_and_was_moved_away_since_is_not_back(staff: Person, record: str) -> None:
    kept, gone = await two()
    third = await people.company("t@third.example", company_name="Third")
    both = await people.colleague(gone, "both@alfki2.example")
    await member_too(both, kept)
    await merged_as(record, staff, kept, gone)
    await moved(staff, both, third.number, roles=["buyer"])
    await undone(staff, kept)
    assert await places(both) == {third.customer_id: True}


@both_records
async def test_who_was_in_both_and_was_removed_by_mistake_is_back_in_both(staff: Person, record: str) -> None:
    kept, gone = await two()
    both = await people.colleague(gone, "both@alfki2.example")
    await address(both, "Own street 1", is_personal=True)
    await member_too(both, kept)
    await merged_as(record, staff, kept, gone)
    await press(await kept.signed_in(), both, "/remove")
    await put_back(staff, both)
    await undone(staff, kept)
    assert await places(both) == {kept.customer_id: True, gone.customer_id: True}
    assert await values("SELECT membership FROM addresses WHERE street = 'Own street 1'") == [
        both.membership_id
    ]


@both_records
async def test_who_came_by_the_merge_and_was_removed_since_can_be_put_back_where_their_orders_are(
    staff: Person, record: str
) -> None:
    kept, gone = await two()
    buyer = await people.colleague(gone, "buyer@alfki2.example")
    await ordered(buyer, "O-1")
    await merged_as(record, staff, kept, gone)
    await press(await kept.signed_in(), buyer, "/remove")
    await undone(staff, kept)
    assert await places(buyer) == {}
    await put_back(staff, buyer)
    assert await places(buyer) == {gone.customer_id: True}
    assert await values("SELECT customer FROM orders") == [gone.customer_id]


@both_records
async def test_who_was_in_both_and_was_disabled_since_is_disabled_in_both(staff: Person, record: str) -> None:
    kept, gone = await two()
    both = await people.colleague(gone, "both@alfki2.example")
    await member_too(both, kept)
    await merged_as(record, staff, kept, gone)
    await press(await kept.signed_in(), both, "/disable")
    await undone(staff, kept)
    assert await places(both) == {kept.customer_id: False, gone.customer_id: False}


async def test_who_was_in_both_and_disabled_in_one_before_is_active_in_the_other_again(staff: Person) -> None:
    kept, gone = await two()
    both = await people.colleague(gone, "both@alfki2.example")
    there = await member_too(both, kept)
    await DB.execute("UPDATE memberships SET is_active = false WHERE id = $1", there)
    await merged(staff, kept, gone)
    await undone(staff, kept)
    assert await places(both) == {kept.customer_id: False, gone.customer_id: True}


@both_records
async def test_a_role_that_was_renamed_since_keeps_its_new_name(staff: Person, record: str) -> None:
    kept, gone = await two()
    await own_role(kept, "Chef", "purchase")
    chef, clerk, cook = [await own_role(gone, name, "purchase") for name in ("Chef", "Clerk", "Cook")]
    await own_role(kept, "Cook", "purchase")
    await merged_as(record, staff, kept, gone)
    assert await name_of_role(chef) == f"Chef ({gone.number})"
    admin = await kept.signed_in()
    for role, name in ((chef, "Head"), (clerk, "Scribe")):
        await admin.post(f"/account/roles/{role}", {"name": name, "permissions": ["purchase"]})
    await undone(staff, kept)
    assert [await name_of_role(one) for one in (chef, clerk, cook)] == ["Head", "Scribe", "Cook"]


@both_records
async def test_a_name_that_another_role_has_got_since_stays_with_it(staff: Person, record: str) -> None:
    kept, gone = await two()
    theirs = await own_role(kept, "Chef", "purchase")
    chef, clerk = [await own_role(gone, name, "purchase") for name in ("Chef", "Clerk")]
    await merged_as(record, staff, kept, gone)
    admin = await kept.signed_in()
    for role, name in ((theirs, "Boss"), (clerk, "Chef")):
        await admin.post(f"/account/roles/{role}", {"name": name, "permissions": ["purchase"]})
    await undone(staff, kept)
    assert [await name_of_role(one) for one in (chef, clerk)] == [f"Chef ({gone.number})", "Chef"]


@both_records
async def test_a_stand_in_who_was_changed_since_stays(staff: Person, record: str) -> None:
    kept, gone = await two()
    both = await people.colleague(gone, "both@alfki2.example", ("approver",))
    other = await people.colleague(gone, "other@alfki2.example", ("approver",))
    one, two_ = [
        await people.colleague(gone, f"{who}@alfki2.example", ("approver",)) for who in ("anna", "otto")
    ]
    await member_too(both, kept, ("approver",))
    await DB.execute(
        "UPDATE memberships SET stand_in = $1, stand_in_from = now(), stand_in_until = now() + interval '9 days'"
        " WHERE id = ANY($2::uuid[])",
        both.membership_id,
        [one.membership_id, two_.membership_id],
    )
    await merged_as(record, staff, kept, gone)
    day = (await today()).isoformat()
    person = await one.signed_in()
    await person.post(f"{STAND_IN}/end")
    page = await person.post(STAND_IN, {"email": other.email, "first_day": day, "last_day": day})
    assert page.status == 200
    await undone(staff, kept)
    found = await DB.fetch("SELECT id, stand_in FROM memberships WHERE stand_in IS NOT NULL")
    assert {row["id"]: row["stand_in"] for row in found} == {
        one.membership_id: other.membership_id,
        two_.membership_id: both.membership_id,
    }


@both_records
async def test_what_was_of_a_place_is_of_that_place_again(staff: Person, record: str) -> None:
    kept, gone = await two()
    both = await people.colleague(gone, "both@alfki2.example")
    there = await member_too(both, kept)
    await asked(both, "R-1")
    await address(both, "Own street 1", is_personal=True)
    await merged_as(record, staff, kept, gone)
    for table in ("requisitions", "addresses"):
        assert there in await values(f"SELECT membership FROM {table}")
    await undone(staff, kept)
    for table in ("requisitions", "addresses"):
        assert both.membership_id in await values(f"SELECT membership FROM {table}")
        assert there not in await values(f"SELECT membership FROM {table}")


@both_records
@pytest.mark.parametrize("kept_has_addresses", [True, False])
async def test_the_customer_that_is_back_prefers_the_address_that_it_preferred(
    staff: Person, record: str, kept_has_addresses: bool
) -> None:
    kept = await people.company(with_address=kept_has_addresses)
    gone = await people.company("m@alfki2.example", company_name="Alfreds GmbH", with_address=False)
    await address(gone, "Back yard 2")
    await address(gone, "Main street 1", is_preferred=True)
    await merged_as(record, staff, kept, gone)
    if not kept_has_addresses:
        # What has come since is preferred now, and stays.
        await DB.execute("UPDATE addresses SET is_preferred_billing = false, is_preferred_shipping = false")
        await address(kept, "New street 3", is_preferred=True)
    await undone(staff, kept)
    preferred = (
        "SELECT street FROM addresses WHERE customer = $1 AND is_preferred_billing AND is_preferred_shipping"
    )
    assert await values(preferred, gone.customer_id) == ["Main street 1"]
    assert len(await values(preferred, kept.customer_id)) == 1


@both_records
async def test_where_the_preferred_address_was_deleted_since_the_oldest_one_is_preferred(
    staff: Person, record: str
) -> None:
    kept = await people.company()
    gone = await people.company("m@alfki2.example", company_name="Alfreds GmbH", with_address=False)
    await address(gone, "Main street 1", is_preferred=True)
    await address(gone, "Back yard 2")
    await address(gone, "Side lane 3")
    await merged_as(record, staff, kept, gone)
    await DB.execute("DELETE FROM addresses WHERE street = 'Main street 1'")
    await undone(staff, kept)
    preferred = (
        "SELECT street FROM addresses WHERE customer = $1 AND is_preferred_billing AND is_preferred_shipping"
    )
    assert await values(preferred, gone.customer_id) == ["Back yard 2"]
