"""Segments in the back office (domain.md 7)."""

import pytest

from app.marketing.edit_content import ContentDraft, create_content
from app.segments.custom import custom_segment
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import send
from tests.browser_like import Person

pytestmark = pytest.mark.usefixtures("database")


async def test_a_segment_is_made_filled_by_hand_and_emptied(staff: Person) -> None:
    known = await people.company()
    page = await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold customers"})
    assert page.h1 == "Segment GOLD"
    page = await send(staff, "/segments/GOLD/customers", {"numbers": f"{known.number}, none"})
    assert page.errors == {"numbers": "There is no customer none."}
    page = await send(staff, "/segments/GOLD/customers", {"numbers": known.number})
    assert "1 customer is put into it." in page.main
    assert "Alfreds Futterkiste" in page.main
    assert "Alfreds" not in (await staff.get("/segments/GOLD/customers?q=nobody")).main
    page = await staff.get(f"/segments/GOLD/customers/{known.number}")
    assert "The customer was assigned by hand." in page.main
    page = await staff.post("/segments/GOLD/customers/remove", {"number": known.number})
    assert "1 customer is taken out." in page.main
    assert (await staff.get(f"/segments/GOLD/customers/{known.number}")).status == 404


async def test_predefined_segments_are_shown_and_cannot_be_opened(staff: Person) -> None:
    page = await staff.get("/segments")
    assert "IG_RecurringUsers" in page.main
    assert not [one for one in page.links if "IG_" in one]


async def test_a_rule_is_previewed_and_then_fills_the_segment(staff: Person) -> None:
    known = await people.company()
    await people.shopper()
    fields = {"id": "BUSINESS", "name": "Companies", "c1_kind": "customer_type", "c1_words": "smb"}
    page = await send(staff, "/segments/new", {**fields, "preview": "yes"})
    assert "The rule holds for 1 customer now." in page.main
    assert f"{known.number} Alfreds Futterkiste" in page.main
    assert await DB.fetch_value("SELECT count(*) FROM segments") == 0
    page = await staff.fill(page, {"name": "All companies"})
    assert page.h1 == "Segment BUSINESS"
    assert (await custom_segment("BUSINESS")).member_count == 1
    page = await staff.get(f"/segments/BUSINESS/customers/{known.number}")
    assert "The rule of the segment holds." in page.main
    assert "customer type" in page.main


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"kind": "country", "words": "de, at"}, {"words": "DE, AT"}),
        ({"kind": "email_domain", "words": "@Example.com"}, {"words": "example.com"}),
        ({"kind": "segment", "words": "IG_NewUsers"}, {}),
        ({"kind": "not_segment", "words": "IG_NewUsers"}, {}),
        ({"kind": "attribute", "words": "region=north"}, {}),
        ({"kind": "attribute", "words": "region"}, {}),
        ({"kind": "registered", "days": "30"}, {}),
        ({"kind": "order_count", "at_least": "3", "at_most": "9"}, {}),
        ({"kind": "order_total", "days": "365", "at_least": "500.50"}, {}),
        ({"kind": "last_order", "days": "90"}, {}),
        ({"kind": "no_order_for", "days": "90"}, {}),
    ],
)
async def test_every_kind_of_condition_is_shown_as_it_was_typed(
    staff: Person, row: dict[str, str], shown: dict[str, str]
) -> None:
    fields = {"id": "S", "name": "S", "match": "any", **{f"c1_{name}": one for name, one in row.items()}}
    page = await send(staff, "/segments/new", fields)
    assert page.h1 == "Segment S", page.errors
    for name, typed in {**row, **shown}.items():
        assert page.typed(f"c1_{name}") == typed
    # Saved again without a change it is the same rule.
    before = (await custom_segment("S")).rule
    await staff.fill(page, {"name": "T"})
    assert (await custom_segment("S")).rule == before


async def test_a_rule_with_groups_in_groups_is_edited_as_text(staff: Person) -> None:
    from app.segments.custom import create_segment
    from app.segments.rules import read_rule

    rule = read_rule(
        '{"is":"any","of":[{"is":"all","of":[{"is":"country","one_of":["DE"]}]},{"is":"order_count","at_least":1}]}'
    )
    await create_segment("DEEP", "Deep", rule=rule)
    page = await staff.get("/segments/DEEP")
    assert '"any"' in page.typed("rule_json")
    page = await staff.fill(page, {"rule_json": "{nonsense"})
    assert page.status == 422
    page = await send(staff, "/segments/DEEP", {"name": "Deeper"})
    assert (await custom_segment("DEEP")).rule == rule


async def test_what_cannot_be_a_segment_says_why(staff: Person) -> None:
    page = await send(staff, "/segments/new", {"id": "IG_Mine", "name": ""})
    assert page.errors["name"] == "Please fill in this field."
    page = await send(staff, "/segments/new", {"id": "IG_Mine", "name": "Mine"})
    assert "IG_" in page.errors[""]
    page = await send(staff, "/segments/new", {"id": "a b", "name": "Mine"})
    assert "id" in page.errors
    page = await send(staff, "/segments/new", {"id": "A", "name": "A", "c1_kind": "last_order"})
    assert "number of days" in page.errors[""]


async def test_deleting_a_segment_says_where_it_is_used(staff: Person) -> None:
    await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold"})
    await create_content(
        ContentDraft(slot="home/banner", name="Gold banner", texts={"en": "x"}, segments=frozenset({"GOLD"}))
    )
    page = await staff.get("/segments/GOLD/delete")
    assert "Content Gold banner" in page.main
    page = await staff.fill(page, {"confirmed": "yes"})
    assert page.h1 == "Segments"
    assert "GOLD" not in page.main.replace("Gold", "")
    assert await DB.fetch_value("SELECT count(*) FROM targets") == 0


async def test_a_segment_that_a_rule_asks_for_is_not_deleted(staff: Person) -> None:
    await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold"})
    await send(
        staff, "/segments/new", {"id": "BEST", "name": "Best", "c1_kind": "segment", "c1_words": "GOLD"}
    )
    page = await staff.get("/segments/GOLD/delete")
    assert "Rule of the segment Best" in page.main
    page = await staff.post("/segments/GOLD/delete", {})
    assert "Change them first." in page.main
    assert await DB.fetch_value("SELECT count(*) FROM segments") == 2


async def test_who_was_slower_is_told(staff: Person) -> None:
    await send(staff, "/segments/new", {"id": "GOLD", "name": "Gold"})
    page = await staff.get("/segments/GOLD")
    await send(staff, "/segments/GOLD", {"name": "Faster"})
    page = await staff.fill(page, {"name": "Slower"})
    assert page.status == 409
    assert "Somebody else has changed this meanwhile." in page.errors[""]
    assert page.errors["name"] == "Stored now: Faster"
    assert (await custom_segment("GOLD")).name == "Faster"
    # Whoever saves again has seen the other version.
    page = await staff.fill(page, {"name": "Slower"})
    assert "The segment is changed." in page.main
    assert (await custom_segment("GOLD")).name == "Slower"


async def test_a_rule_has_as_many_conditions_as_it_needs_up_to_eight(staff: Person) -> None:
    page = await send(
        staff, "/segments/new", {"id": "S", "name": "S", "c1_kind": "last_order", "c1_days": "1"}
    )
    for number in range(2, 9):
        page = await staff.fill(page, {f"c{number}_kind": "last_order", f"c{number}_days": str(number)})
        assert page.h1 == "Segment S", page.errors
    assert page.typed("c8_days") == "8"
    assert "Condition 9" not in page.main
