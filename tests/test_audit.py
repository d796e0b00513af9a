"""The audit log: who did what, in the transaction of the change, and never changed afterwards."""

import asyncpg
import pytest

from app.applications import application_by_id
from app.audit import record
from app.request_id import current_request_id
from app.visitor import Visitor
from tables.engine import DB
from tests.browser_like import patron, visit
from tests.people import company, pending_company, staff_member

pytestmark = pytest.mark.usefixtures("database")


async def entries() -> list[dict[str, object]]:
    return await DB.fetch("SELECT * FROM audit_entries ORDER BY happened_at, id")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'nothing happened'",
        "UPDATE audit_entries SET actor_name = '' WHERE false",
        "DELETE FROM audit_entries",
        "DELETE FROM audit_entries WHERE false",
        "TRUNCATE audit_entries",
        "TRUNCATE audit_entries, sessions CASCADE",
        "INSERT INTO audit_entries SELECT * FROM audit_entries ON CONFLICT (id) DO UPDATE SET action = 'x'",
    ],
)
async def test_an_entry_is_never_changed_or_removed(statement: str) -> None:
    await record("customer approved", reason="all is well")
    before = await entries()
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
        await DB.execute(statement)
    assert await entries() == before


async def test_an_entry_is_written_with_the_change_or_not_at_all() -> None:
    with pytest.raises(ValueError, match="late"):
        async with DB.transaction():
            await record("customer approved")
            raise ValueError("late")
    assert await entries() == []


async def test_an_entry_says_who_did_what_to_whom_and_in_which_request() -> None:
    patron()
    known = await company()
    application = application_by_id("shop")
    assert application is not None
    token = current_request_id.set("0123456789abcdef")
    try:
        await record(
            "address changed",
            visitor=Visitor(application=application, language="en"),
            user_id=known.user_id,
            customer_id=known.customer_id,
            before={"city": "Berlin"},
            after={"city": "Zürich"},
            reason="asked by phone",
        )
    finally:
        current_request_id.reset(token)
    (entry,) = await entries()
    assert entry["action"] == "address changed"
    assert entry["application"] == "shop"
    assert entry["user_id"] == known.user_id
    assert entry["customer_id"] == known.customer_id
    assert (entry["before"], entry["after"]) == ('{"city": "Berlin"}', '{"city": "Zürich"}')
    assert entry["reason"] == "asked by phone"
    assert entry["request_id"] == "0123456789abcdef"
    assert entry["actor_id"] is None, "a stranger has no id"


async def test_an_entry_outlives_what_it_speaks_of() -> None:
    known = await company()
    await record("customer approved", customer_id=known.customer_id, user_id=known.user_id)
    await DB.execute("DELETE FROM memberships")
    await DB.execute("DELETE FROM customers")
    await DB.execute("DELETE FROM users")
    (entry,) = await entries()
    assert entry["customer_id"] == known.customer_id


async def test_what_staff_do_is_recorded_with_their_name() -> None:
    known = await staff_member()
    pending = await pending_company()
    person = await known.signed_in()
    await person.get(f"/customers/{pending.number}")
    page = await person.post(f"/customers/{pending.number}/approve")
    assert page.status == 200
    found = [one for one in await entries() if one["customer_id"] == pending.customer_id]
    assert [one["action"] for one in found] == ["customer approved"]
    assert found[0]["actor_id"] == known.user_id
    assert found[0]["actor_name"] == "Maria Anders"
    assert found[0]["application"] == "back-office"
    assert found[0]["request_id"]


async def test_strangers_leave_no_entries() -> None:
    person = await visit("shop")
    for path in ("/", "/sign-in", "/nothing-here"):
        await person.get(path)
    assert await entries() == []
