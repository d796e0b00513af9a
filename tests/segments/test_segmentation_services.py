"""Segmentation services: the shop's own, others that find or push members; their union counts (domain.md 7)."""

from datetime import timedelta

import pytest

from app.segments.custom import SegmentRefused, create_segment, custom_segment
from app.segments.members import assign, members_of, why_in
from app.segments.push import PushedMember, PushMode, PushReport, delete_expired_members, push_members
from app.segments.rules import read_rule
from app.segments.segmentation_services import (
    STANDARD,
    ServiceUnknown,
    all_services,
    configure_service,
    services_of,
    update_segments_of,
)
from app.segments.targets import NoServiceActive, aim, targets_of
from tables.engine import DB
from tables.segments import TargetKind
from tests import people
from tests.customers.belonging import member_too
from tests.people import Known
from tests.segments.looking import application, segments

pytestmark = pytest.mark.usefixtures("database", "outside_services")


async def switch(service: str, *, on: bool, applications: tuple[str, ...] = ("shop",)) -> None:
    for one in applications:
        await configure_service(application(one), service, name=service.title(), is_active=on)


async def numbers(segment: str) -> set[str]:
    return {one.number for one in await members_of(segment)}


def by_number(*known: Known) -> list[PushedMember]:
    return [PushedMember(number=one.number) for one in known]


async def test_services_come_from_the_shop_and_from_installed_packages() -> None:
    assert list(all_services()) == [STANDARD, "loyalty", "weather"]


async def test_unless_configured_only_the_shops_own_service_is_active() -> None:
    found = await services_of(application("shop"))
    assert [(one.service.id, one.name, one.is_active) for one in found] == [
        (STANDARD, "Segments of the shop", True),
        ("loyalty", "Loyalty programme", False),
        ("weather", "Weather", False),
    ]


async def test_each_application_names_and_switches_its_services_itself() -> None:
    await configure_service(application("shop"), "loyalty", name="Bonus club", is_active=True)
    [found] = [one for one in await services_of(application("shop")) if one.service.id == "loyalty"]
    assert (found.name, found.is_active) == ("Bonus club", True)
    [found] = [one for one in await services_of(application("business")) if one.service.id == "loyalty"]
    assert (found.name, found.is_active) == ("Loyalty programme", False)
    with pytest.raises(ServiceUnknown):
        await configure_service(application("shop"), "astrology", name="Stars", is_active=True)


async def test_the_segments_of_all_active_services_count_together() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    await push_members("loyalty", "BONUS", by_number(known), PushMode.FULL)
    assert {"GOLD", "BONUS"} & await segments(person) == {"GOLD"}
    await switch("loyalty", on=True)
    assert {"GOLD", "BONUS"} <= await segments(person)
    await switch(STANDARD, on=False)
    assert {"GOLD", "BONUS"} & await segments(person) == {"BONUS"}
    await switch("loyalty", on=False)
    assert not {"GOLD", "BONUS"} & await segments(person)
    # Implicit segments are no service's: they are computed.
    assert "IG_IndividualCustomers" in await segments(person)


async def test_a_service_counts_only_where_it_is_active() -> None:
    company = await people.company()
    person = await company.signed_in()
    await push_members("loyalty", "BONUS", by_number(company), PushMode.FULL)
    await switch("loyalty", on=True, applications=("shop",))
    assert "BONUS" not in await segments(person)
    await switch("loyalty", on=True, applications=("business",))
    assert "BONUS" in await segments(person)


async def test_a_full_push_says_who_is_in_and_nobody_else() -> None:
    one, two, three = [await people.shopper(f"{n}@example.com") for n in range(3)]
    await push_members("loyalty", "BONUS", by_number(one, two), PushMode.FULL, segment_name="Bonus club")
    assert (await custom_segment("BONUS")).name == "Bonus club"
    report = await push_members("loyalty", "BONUS", by_number(two, three), PushMode.FULL)
    assert report == PushReport(members=2, removed=1, unknown=[])
    assert await numbers("BONUS") == {two.number, three.number}
    assert await push_members("loyalty", "BONUS", [], PushMode.FULL) == PushReport(
        members=0, removed=2, unknown=[]
    )


async def test_a_delta_push_changes_only_whom_it_names() -> None:
    one, two, three = [await people.shopper(f"{n}@example.com") for n in range(3)]
    await push_members("loyalty", "BONUS", by_number(one, two), PushMode.FULL)
    delta = [PushedMember(number=one.number, is_removed=True), *by_number(three)]
    assert await push_members("loyalty", "BONUS", delta, PushMode.DELTA) == PushReport(
        members=1, removed=1, unknown=[]
    )
    assert await numbers("BONUS") == {two.number, three.number}
    # The same once more changes nothing.
    assert await push_members("loyalty", "BONUS", delta, PushMode.DELTA) == PushReport(
        members=1, removed=0, unknown=[]
    )
    assert await numbers("BONUS") == {two.number, three.number}


async def test_customers_are_named_by_number_or_by_verified_email() -> None:
    one = await people.shopper("Ines@Example.com")
    unverified = await people.shopper("hans@example.com", email_verified_at=None)
    members = [
        PushedMember(email="iNES@example.COM"),
        PushedMember(email="hans@example.com"),
        PushedMember(email="nobody@example.com"),
        PushedMember(number="nothing"),
    ]
    report = await push_members("loyalty", "BONUS", members, PushMode.FULL)
    assert report == PushReport(
        members=1, removed=0, unknown=["nothing", "hans@example.com", "nobody@example.com"]
    )
    assert await numbers("BONUS") == {one.number}
    assert unverified.number not in await numbers("BONUS")


async def test_an_email_names_all_customers_that_the_person_buys_for() -> None:
    one, two = await people.company(), await people.company("x@plain.example", company_name="Plain")
    await member_too(one, two, roles=())
    await push_members("loyalty", "BONUS", [PushedMember(email=one.email)], PushMode.FULL)
    assert await numbers("BONUS") == {one.number, two.number}


async def test_a_pushed_member_expires_without_anybody_doing_anything() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    await switch("loyalty", on=True)
    now = await DB.fetch_value("SELECT now()")

    async def until(ends: object) -> None:
        member = PushedMember(number=known.number, expires_at=ends)  # type: ignore[arg-type]  # a moment or None
        await push_members("loyalty", "BONUS", [member], PushMode.DELTA)

    await until(now + timedelta(hours=1))
    assert "BONUS" in await segments(person)
    assert [one.until for one in await why_in(known.customer_id, "BONUS")] == [now + timedelta(hours=1)]
    await until(now - timedelta(seconds=1))
    assert "BONUS" not in await segments(person)
    assert await members_of("BONUS") == []
    assert await delete_expired_members() == 1
    await until(None)
    assert "BONUS" in await segments(person)
    assert await delete_expired_members() == 0


async def test_rules_do_not_outlive_the_members_that_they_ask_for() -> None:
    known = await people.shopper()
    person = await known.signed_in()
    now = await DB.fetch_value("SELECT now()")
    member = PushedMember(number=known.number, expires_at=now + timedelta(hours=1))
    await push_members("loyalty", "BONUS", [member], PushMode.FULL)
    await create_segment("CLUB", "Club", rule=read_rule(b'{"is": "segment", "segment": "BONUS"}'))
    await create_segment("CLUB_TOO", "Club", rule=read_rule(b'{"is": "segment", "segment": "CLUB"}'))
    assert {"CLUB", "CLUB_TOO"} <= await segments(person)
    await DB.execute("UPDATE segment_members SET expires_at = $1 WHERE service = 'loyalty'", now)
    assert await delete_expired_members() == 1
    assert {"CLUB", "CLUB_TOO"}.isdisjoint(await segments(person))


async def test_who_changes_customer_brings_the_segments_of_all_services_up_to_date() -> None:
    known = await people.company()
    quick = await people.company("horst@quick.example", company_name="QUICK-Stop")
    await member_too(known, quick)
    await create_segment("RAIN", "Rain")
    person = await known.signed_in()
    assert await numbers("RAIN") == {known.number}
    await person.post("/switch-customer", {"customer": quick.number})
    assert await numbers("RAIN") == {known.number, quick.number}


async def test_who_is_named_twice_stays_until_the_later_end() -> None:
    known = await people.shopper()
    now = await DB.fetch_value("SELECT now()")
    members = [
        PushedMember(number=known.number, expires_at=now + timedelta(days=2)),
        PushedMember(email=known.email, expires_at=now + timedelta(days=1)),
    ]
    await push_members("loyalty", "BONUS", members, PushMode.FULL)
    [row] = await DB.fetch("SELECT expires_at FROM segment_members")
    assert row["expires_at"] == now + timedelta(days=2)


async def test_a_push_touches_no_other_service() -> None:
    known = await people.shopper()
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [known.customer_id])
    await push_members("loyalty", "GOLD", by_number(known), PushMode.FULL)
    await push_members("loyalty", "GOLD", [], PushMode.FULL)
    assert [one.origins for one in await members_of("GOLD")] == [("hand",)]


@pytest.mark.parametrize("service", [STANDARD, "astrology"])
async def test_nobody_pushes_for_the_shops_own_service_or_an_unknown_one(service: str) -> None:
    with pytest.raises(ServiceUnknown):
        await push_members(service, "BONUS", [], PushMode.FULL)


async def test_a_service_cannot_push_an_implicit_segment() -> None:
    known = await people.shopper()
    with pytest.raises(SegmentRefused):
        await push_members("loyalty", "IG_RecurringUsers", by_number(known), PushMode.FULL)
    assert await DB.fetch_value("SELECT count(*) FROM segment_members") == 0


async def test_a_push_is_seen_by_rules_that_ask_for_the_segment() -> None:
    known = await people.shopper()
    await push_members("loyalty", "BONUS", [], PushMode.FULL)
    await create_segment("BEST", "Best", rule=read_rule('{"is": "segment", "segment": "BONUS"}'))
    await push_members("loyalty", "BONUS", by_number(known), PushMode.FULL)
    assert await numbers("BEST") == {known.number}
    await push_members("loyalty", "BONUS", [], PushMode.FULL)
    assert await numbers("BEST") == set()


async def test_an_installed_service_finds_its_members_at_sign_in() -> None:
    known = await people.shopper()
    await switch("weather", on=True)
    assert "RAIN" in await segments(await known.signed_in())


async def test_a_service_that_fails_keeps_nobody_from_signing_in_nor_from_other_segments() -> None:
    known = await people.shopper()
    await create_segment(
        "TRADE", "Trade", rule=read_rule('{"is": "customer_type", "one_of": ["INDIVIDUAL"]}')
    )
    await DB.execute("DELETE FROM segment_members")
    await switch("weather", on=True)
    all_services()["weather"].is_broken = True  # type: ignore[attr-defined]  # the test's own service
    person = await known.signed_in()
    assert "TRADE" in await segments(person)
    assert "RAIN" not in await segments(person)
    all_services()["weather"].is_broken = False  # type: ignore[attr-defined]  # see above
    assert known.customer_id is not None
    await update_segments_of(known.customer_id)
    assert "RAIN" in await segments(person)


async def test_with_no_active_service_segments_are_made_and_filled_but_not_chosen_as_target_groups() -> None:
    known = await people.shopper()
    await create_segment("GOLD", "Gold")
    await aim(TargetKind.CONTENT, "banner", segments=["GOLD"])
    await switch(STANDARD, on=False, applications=("shop", "business"))
    await create_segment("SILVER", "Silver")
    assert await assign("SILVER", [known.customer_id]) == 1
    with pytest.raises(NoServiceActive):
        await aim(TargetKind.CONTENT, "note", segments=["SILVER"])
    assert (await targets_of(TargetKind.CONTENT, "note")).segments == frozenset()
    # What was chosen before stays, and can be taken away; what the shop computes is no service's.
    await aim(TargetKind.CONTENT, "banner", segments=["GOLD", "IG_NewUsers"])
    await aim(TargetKind.CONTENT, "banner", segments=["IG_NewUsers"])
    await aim(TargetKind.CONTENT, "note", customers=[known.customer_id])
    await switch("loyalty", on=True, applications=("business",))
    await aim(TargetKind.CONTENT, "note", segments=["SILVER"])
