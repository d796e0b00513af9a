"""The audit log in the back office."""

import re
from pathlib import Path

import pytest

from app.back_office.audit_list import ACTIONS
from tables.engine import DB
from tests import people
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")


async def test_it_says_who_did_what_and_what_stood_before(staff: Person) -> None:
    known = await people.pending_company()
    await staff.post(f"/customers/{known.number}/reject", {"comment": "Incomplete"})
    page = await staff.get("/audit")
    assert page.h1 == "Audit log"
    assert "customer rejected" in page.main
    assert "Approval: Pending → Rejected" in page.main
    assert "Reason: Incomplete" in page.main
    assert f"/back-office/customers/{known.number}" in page.links


async def test_it_is_filtered_by_action_and_by_customer(staff: Person) -> None:
    one = await people.pending_company("1@n.example", company_name="First Ltd")
    other = await people.pending_company("2@n.example", company_name="Second Ltd")
    await staff.post(f"/customers/{one.number}/approve")
    await staff.post(f"/customers/{other.number}/approve")
    await staff.post(f"/customers/{other.number}/disable")
    page = await staff.get(f"/audit?customer={other.number}")
    assert "Second Ltd" in page.main
    assert "First Ltd" not in page.main
    page = await staff.get("/audit?action=customer+disabled")
    assert page.main.count("Second Ltd") == 1
    assert "First Ltd" not in page.main
    assert "No entry fits this search." in (await staff.get("/audit?customer=nobody")).main


async def test_older_entries_are_on_further_pages(staff: Person) -> None:
    await DB.execute(
        "INSERT INTO audit_entries (id, happened_at, action, reason)"
        " SELECT gen_random_uuid(), now() - n * interval '1 minute', 'something done', 'number ' || n"
        " FROM generate_series(1, 70) n"
    )
    first = await staff.get("/audit?action=something+done")
    assert "number 50" in first.main
    assert "number 51" not in first.main
    second = await staff.get(next(one for one in first.links if "before=" in one))
    assert "number 51" in second.main
    assert "number 70" in second.main
    assert not [one for one in second.links if "before=" in one]


async def test_what_people_typed_is_shown_as_text(staff: Person) -> None:
    known = await people.pending_company()
    await staff.post(f"/customers/{known.number}/reject", {"comment": "<script>alert(1)</script>"})
    page = await staff.get("/audit")
    assert "<script>alert(1)</script>" in page.main
    assert "<script>alert" not in page.html


def test_every_recorded_action_has_words_in_the_log() -> None:
    recorded = set()
    for path in (Path(__file__).parents[2] / "app").rglob("*.py"):
        recorded |= set(re.findall(r'\brecord\(\s*"([^"]+)"', path.read_text(encoding="utf-8")))
    assert recorded <= set(ACTIONS)


async def test_it_speaks_german(database: str) -> None:
    known = await people.staff_member()
    await DB.execute("UPDATE users SET preferred_language = 'de'")
    pending = await people.pending_company()
    staff = await known.signed_in()
    await staff.post(f"/customers/{pending.number}/approve")
    page = await staff.get("/audit")
    assert page.h1 == "Protokoll"
    assert "Kunde freigegeben" in page.main
    assert "Freigabe: Ausstehend → Freigegeben" in page.main
