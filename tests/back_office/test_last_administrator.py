"""Staff never leave a company's users without anybody who can manage them, whatever they disable (domain.md 10)."""

import asyncio

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person
from tests.company_users.managing import administrators, own_role, press
from tests.customers.belonging import member_too
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")
VERBS = ["disable", "disable-membership"]
ADMINISTRATOR = ("account_administrator",)


def path_of(known: Known, verb: str) -> str:
    return f"/customers/{known.number}/users/{known.user_id}/{verb}"


async def roles_of(known: Known) -> list[str]:
    found: list[str] = await DB.fetch_value(
        "SELECT roles FROM memberships WHERE id = $1", known.membership_id
    )
    return found


@pytest.mark.parametrize("verb", VERBS)
async def test_who_disables_the_last_administrator_says_who_becomes_one(staff: Person, verb: str) -> None:
    boss = await people.company()
    paul = await people.colleague(boss, "paul@alfki.example")
    page = await staff.post(path_of(boss, verb), {"version": "1"})
    assert page.status == 422
    assert page.errors == {
        "administrator": "Maria Anders is the last account administrator. Please choose who takes over."
    }
    assert await administrators(boss) == 1
    page = await staff.fill(page, {"administrator": str(paul.user_id)}, form="administrator")
    assert page.status == 200
    assert await roles_of(paul) == ["buyer", "account_administrator"]
    assert await administrators(boss) == 1
    entries = await DB.fetch("SELECT action FROM audit_entries ORDER BY happened_at, id")
    assert "member roles changed" in [one["action"] for one in entries]
    assert (await (await paul.signed_in()).get("/account/users")).status == 200


@pytest.mark.parametrize("verb", VERBS)
async def test_nobody_else_becomes_administrator_by_that(staff: Person, verb: str) -> None:
    boss = await people.company()
    paul = await people.colleague(boss, "paul@alfki.example")
    stranger = await people.company("eve@other.example", company_name="Other Ltd")
    for nobody in (str(stranger.user_id), str(boss.user_id), "nonsense", ""):
        page = await staff.post(path_of(boss, verb), {"administrator": nobody})
        assert page.status == 422
    assert await administrators(boss) == 1
    # Where nobody has to take over, nobody does.
    await staff.post(path_of(paul, verb), {"administrator": str(paul.user_id)})
    assert await roles_of(paul) == ["buyer"]


@pytest.mark.parametrize("verb", VERBS)
async def test_who_may_everything_by_roles_of_the_company_is_an_administrator_too(
    staff: Person, verb: str
) -> None:
    boss = await people.company()
    everything = await own_role(
        boss, "Office", "purchase", "approve", "manage_users", "manage_company", "see_all_orders"
    )
    await people.colleague(boss, "office@alfki.example", (everything,))
    assert (await staff.post(path_of(boss, verb))).status == 200


@pytest.mark.parametrize("verb", VERBS)
async def test_a_company_whose_only_user_is_disabled_needs_no_administrator(staff: Person, verb: str) -> None:
    boss = await people.company()
    paul = await people.colleague(boss, "paul@alfki.example")
    await staff.post(path_of(paul, verb))
    assert (await staff.post(path_of(boss, verb))).status == 200
    assert await administrators(boss) == 0


async def test_whoever_is_the_last_one_of_another_company_is_not_disabled_everywhere(staff: Person) -> None:
    boss = await people.company()
    ann = await people.colleague(boss, "ann@alfki.example", ADMINISTRATOR)
    other = await people.company("eve@other.example", company_name="Other Ltd")
    await member_too(other, boss)
    await people.colleague(other, "otto@other.example")
    page = await staff.post(f"/customers/{boss.number}/users/{other.user_id}/disable")
    assert page.status == 422
    assert "last account administrator of another customer" in page.main
    assert await administrators(other) == 1
    assert await administrators(ann) == 2


@pytest.mark.parametrize("verb", VERBS)
async def test_staff_and_an_administrator_who_disable_each_one_at_once_leave_one(
    staff: Person, verb: str
) -> None:
    boss = await people.company()
    ann = await people.colleague(boss, "ann@alfki.example", ADMINISTRATOR)
    await people.colleague(boss, "paul@alfki.example")
    browser = await boss.signed_in()
    await browser.get("/account/users")
    await asyncio.gather(
        staff.post(path_of(boss, verb), follow=False), press(browser, ann, "/disable", version="1")
    )
    assert await administrators(boss) == 1


@pytest.mark.parametrize("verb", VERBS)
async def test_two_of_the_staff_who_disable_each_one_at_once_leave_one(staff: Person, verb: str) -> None:
    boss = await people.company()
    ann = await people.colleague(boss, "ann@alfki.example", ADMINISTRATOR)
    await people.colleague(boss, "paul@alfki.example")
    second = await (await people.staff_member("second@example.com")).signed_in()
    answers = await asyncio.gather(
        staff.post(path_of(boss, verb), follow=False), second.post(path_of(ann, verb), follow=False)
    )
    assert sorted(one.status for one in answers) == [303, 422]
    assert await administrators(boss) == 1
