"""Segments in the back office (domain.md 7)."""

import pytest

from app.marketing.edit_content import ContentDraft, create_content
from app.prices.price_lists import PriceListDetails, create_price_list
from app.segments.custom import count_members, create_segment, custom_segment
from app.segments.rules import read_rule
from app.segments.targets import aim
from app.versions import Subject, raise_version
from tables.engine import DB
from tables.segments import TargetKind
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
    assert await count_members("BUSINESS") == 1
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
    page = await staff.get("/segments/S/rule")
    for name, typed in {**row, **shown}.items():
        assert page.typed(f"c1_{name}") == typed
    # Saved again without a change it is the same rule.
    before = (await custom_segment("S")).rule
    page = await staff.fill(page, {"match": "any"})
    assert "The segment is changed." in page.main
    assert (await custom_segment("S")).rule == before


async def test_a_rule_with_groups_in_groups_is_edited_as_text(staff: Person) -> None:
    rule = read_rule(
        '{"is":"any","of":[{"is":"all","of":[{"is":"country","one_of":["DE"]}]},{"is":"order_count","at_least":1}]}'
    )
    await create_segment("DEEP", "Deep", rule=rule)
    page = await staff.get("/segments/DEEP/rule")
    assert '"any"' in page.typed("rule_json")
    page = await staff.fill(page, {"rule_json": "{nonsense"})
    assert page.status == 422
    page = await send(staff, "/segments/DEEP/rule", {"version": "1"})
    assert "The segment is changed." in page.main
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
    page = await staff.get("/segments/S/rule")
    for number in range(2, 9):
        page = await staff.fill(page, {f"c{number}_kind": "last_order", f"c{number}_days": str(number)})
        assert page.h1 == "Rule of the segment S", page.errors
    assert page.typed("c8_days") == "8"
    assert "Condition 9" not in page.main


async def test_the_rule_of_a_segment_is_tried_and_changed_on_a_page_of_its_own(staff: Person) -> None:
    known = await people.company()
    shopper = await people.shopper()
    await send(staff, "/segments/new", {"id": "S", "name": "Some", "description": "For some"})
    rule = {"c1_kind": "customer_type", "c1_words": "smb"}
    page = await send(staff, "/segments/S/rule", {**rule, "preview": "yes"})
    assert page.h1 == "Rule of the segment Some"
    assert "The rule holds for 1 customer now." in page.main
    assert f"{known.number} Alfreds Futterkiste" in page.main
    assert (await custom_segment("S")).rule is None
    page = await send(staff, "/segments/S/rule", rule)
    assert "The segment is changed." in page.main
    assert page.typed("c1_words") == "SMB"
    stored = await custom_segment("S")
    assert (await count_members("S"), stored.name, stored.description) == (1, "Some", "For some")
    # What else is said of it changes without its rule.
    page = await send(staff, "/segments/S", {"name": "Others"})
    assert page.h1 == "Segment S"
    assert (await custom_segment("S")).rule == stored.rule
    page = await send(staff, "/segments/S/rule", {"c1_kind": "last_order", "c1_words": ""})
    assert "number of days" in page.errors[""]
    page = await send(staff, "/segments/S/rule", {"c1_words": "individual"})
    numbers = [row["number"] for row in await DB.fetch(_MEMBERS)]
    assert numbers == [shopper.number]
    # Without conditions there is no rule, and nobody is found by it.
    page = await send(staff, "/segments/S/rule", {"c1_kind": "", "c1_words": ""})
    assert (await custom_segment("S")).rule is None
    assert await DB.fetch(_MEMBERS) == []
    before, after = (
        await DB.fetch(
            "SELECT before ->> 'rule' AS before, after ->> 'rule' AS after FROM audit_entries"
            " WHERE action = 'segment changed' ORDER BY happened_at DESC LIMIT 1"
        )
    )[0].values()
    assert "INDIVIDUAL" in before
    assert after == ""


_MEMBERS = "SELECT c.number FROM segment_members m JOIN customers c ON c.id = m.customer ORDER BY c.number"


async def test_of_two_who_edit_a_rule_the_slower_sees_both(staff: Person) -> None:
    await send(staff, "/segments/new", {"id": "S", "name": "S", "c1_kind": "last_order", "c1_days": "1"})
    page = await staff.get("/segments/S/rule")
    await send(staff, "/segments/S/rule", {"c1_days": "2"})
    page = await staff.fill(page, {"c1_days": "3"})
    assert page.status == 409
    assert page.errors["c1_days"] == "Stored now: 2"
    page = await staff.fill(page, {"c1_days": "3"})
    assert "The segment is changed." in page.main
    assert (await staff.get("/segments/S/rule")).typed("c1_days") == "3"


@pytest.mark.parametrize(
    ("tab", "made", "states"),
    [
        ("price-lists", {"currency": "EUR", "kind": "net"}, {"active", "upcoming", "ended", "off"}),
        ("catalog-views", {}, {"active", "off"}),
    ],
)
async def test_a_segment_lists_what_it_is_given_with_search_states_and_pages(
    staff: Person, tab: str, made: dict[str, str], states: set[str]
) -> None:
    for segment in ("GOLD", "SILVER"):
        await send(staff, "/segments/new", {"id": segment, "name": segment.title()})
    for key, segment in (("a-one", "GOLD"), ("b-two", "GOLD"), ("c-other", "SILVER")):
        fields = {"id": key, "name": f"Name of {key}", "is_active": "on" if key == "a-one" else "", **made}
        await send(staff, f"/{tab}/new", {**fields, "target_segments": [segment]})
    path = f"/segments/GOLD/{tab}"
    page = await staff.get("/segments/GOLD")
    assert f"/back-office{path}" in page.links
    page = await staff.get(path)
    assert page.h1 == f"{tab.replace('-', ' ').capitalize()} for Gold"
    assert {f"/back-office/{tab}/a-one", f"/back-office/{tab}/b-two"} <= set(page.links)
    assert "c-other" not in page.main
    for query, found in (
        ("q=TWO", {"b-two"}),
        ("q=other", set()),
        ("state=active", {"a-one"}),
        ("state=off&q=name", {"b-two"}),
        ("page=2", set()),
    ):
        main = (await staff.get(f"{path}?{query}")).main
        assert {one for one in ("a-one", "b-two", "c-other") if one in main} == found, query
    options = {one.get("value") for one in page.tree.iterfind(".//select[@name='state']/option")}
    assert options - {""} == states
    table = tab.replace("-", "_")
    kind = table.removesuffix("s")
    await DB.execute(
        f"INSERT INTO {table} SELECT (o).* FROM (SELECT jsonb_populate_record(o, jsonb_build_object('id', 'z-' || n)) AS o"
        f" FROM {table} o, generate_series(1, 60) n WHERE o.id = 'a-one') made"
    )
    await DB.execute(
        "INSERT INTO targets (id, kind, owner, segment)"
        " SELECT gen_random_uuid(), $1, 'z-' || n, 'GOLD' FROM generate_series(1, 60) n",
        kind,
    )
    page = await staff.get(path)
    assert f"/back-office{path}?page=2" in page.links
    assert "z-9" in (await staff.get(f"{path}?page=2")).main
    assert "z-9" not in page.main


async def test_who_may_not_open_what_a_segment_is_given_has_no_links_to_it(database: str) -> None:
    known = await people.staff_member(privileges=("segments",))
    await create_segment("GOLD", "Gold")
    await create_price_list("Agreed", PriceListDetails(name="Agreed prices"))
    await aim(TargetKind.PRICE_LIST, "Agreed", segments=["GOLD"])
    person = await known.signed_in()
    page = await person.get("/segments/GOLD/price-lists")
    assert "Agreed prices" in page.main
    assert not [one for one in page.links if "/price-lists/Agreed" in one]
    for tab in ("rule", "price-lists", "catalog-views"):
        assert (await person.get(f"/segments/NOTHING/{tab}")).status == 404
        assert (await person.get(f"/segments/IG_Everyone/{tab}")).status == 404


async def test_the_tabs_of_a_segment_speak_german(database: str) -> None:
    known = await people.staff_member()
    await DB.execute("UPDATE users SET preferred_language = 'de'")
    await create_segment("GOLD", "Gold")
    person = await known.signed_in()
    for tab, heading in (
        ("rule", "Regel des Segments Gold"),
        ("customers", "Kunden in Gold"),
        ("price-lists", "Preislisten für Gold"),
        ("catalog-views", "Katalogansichten für Gold"),
    ):
        page = await person.get(f"/segments/GOLD/{tab}")
        assert page.h1 == heading


GONE_TYPE = '{"is": "customer_type", "one_of": ["GONE"]}'


async def rule_of_a_type_that_is_gone() -> None:
    """A segment whose rule has found a company, before the type that the rule asks for was taken out."""
    await people.company()
    await people.shopper()
    rule = read_rule(b'{"is": "customer_type", "one_of": ["SMB"]}')
    await create_segment("TRADE", "Trade", rule=rule)
    await create_segment("ASKS", "Asks", rule=read_rule(b'{"is": "segment", "segment": "TRADE"}'))
    await DB.execute("UPDATE segments SET rule = $1 WHERE id = 'TRADE'", GONE_TYPE)
    await raise_version(Subject.SEGMENTS)


async def test_a_rule_that_cannot_be_read_is_told_of_and_stays_until_somebody_replaces_it(
    staff: Person,
) -> None:
    await rule_of_a_type_that_is_gone()
    assert "By rule" in (await staff.get("/segments?q=TRADE")).main
    page = await staff.get("/segments/TRADE/rule")
    assert "The rule cannot be used at the moment" in page.main
    assert page.typed("rule_json").strip() == GONE_TYPE
    assert "groups in groups" not in page.main
    # Saved as it is, or with what else is said of the segment, it stays.
    page = await staff.fill(page, {})
    assert page.status == 422
    assert "GONE" in page.errors[""]
    await send(staff, "/segments/TRADE", {"name": "Trade of old"})
    assert await DB.fetch_value("SELECT rule::text FROM segments WHERE id = 'TRADE'") == GONE_TYPE
    assert (await count_members("TRADE"), await count_members("ASKS")) == (1, 1)
    page = await send(staff, "/segments/TRADE/rule", {"rule_json": '{"is": "registered", "within_days": 3}'})
    assert "cannot be used" not in page.main
    assert (await count_members("TRADE"), await count_members("ASKS")) == (2, 2)


async def test_without_a_rule_that_cannot_be_read_whom_it_had_found_leaves(staff: Person) -> None:
    await rule_of_a_type_that_is_gone()
    page = await send(staff, "/segments/TRADE/rule", {"rule_json": ""})
    assert "The segment is changed." in page.main
    assert "cannot be used" not in page.main
    assert (await count_members("TRADE"), await count_members("ASKS")) == (0, 0)
    told = await DB.fetch_row(
        "SELECT before ->> 'rule' AS before, after ->> 'rule' AS after FROM audit_entries"
        " WHERE action = 'segment changed'"
    )
    assert told == {"before": GONE_TYPE, "after": ""}
