"""Roles of a company: made, changed, deleted; and looking at the shop as one of them (domain.md 10)."""

import re
import uuid

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage
from tests.company_users.managing import (
    actions,
    administrators,
    at_once,
    company_with_buyer,
    membership,
    own_role,
    press,
)
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


async def make(person: Person, name: str, *permissions: str) -> SeenPage:
    return await person.post("/account/roles/new", {"name": name, "permissions": list(permissions)})


async def role_id(name: str) -> uuid.UUID:
    found: uuid.UUID = await DB.fetch_value("SELECT id FROM company_roles WHERE name = $1", name)
    return found


async def test_the_built_in_roles_are_explained() -> None:
    boss, _buyer = await company_with_buyer()
    page = await (await boss.signed_in()).get("/account/roles")
    for name in ("Buyer", "Approver", "Account administrator", "Viewer"):
        assert name in page.main
    assert "decides on orders that exceed a colleague's budget" in page.main
    assert "1 user" in page.main


async def test_a_company_makes_changes_and_deletes_roles_of_its_own() -> None:
    boss, _buyer = await company_with_buyer()
    browser = await boss.signed_in()
    page = await browser.get("/account/roles/new")
    answer = await browser.fill(page, {"name": "Clerk", "permissions": ["purchase", "see_all_orders"]})
    assert "The role is saved." in answer.text
    assert "Clerk" in answer.main
    key = await role_id("Clerk")
    page = await browser.get(f"/account/roles/{key}")
    await browser.fill(page, {"name": "Head clerk", "permissions": ["approve"]})
    row = await DB.fetch_row("SELECT name, permissions FROM company_roles WHERE id = $1", key)
    assert row == {"name": "Head clerk", "permissions": ["approve"]}
    page = await browser.get(f"/account/roles/{key}/delete")
    answer = await browser.fill(page, {}, form="version")
    assert "is deleted" in answer.text
    assert await DB.fetch_value("SELECT count(*) FROM company_roles") == 0
    assert await actions(boss) == ["role created", "role changed", "role deleted"]


async def test_what_is_changed_of_a_role_holds_at_once_for_all_who_have_it() -> None:
    boss, buyer = await company_with_buyer()
    clerk = await own_role(boss, "Clerk", "purchase")
    await DB.execute("UPDATE memberships SET roles = $1 WHERE id = $2", [clerk], buyer.membership_id)
    working, browser = await buyer.signed_in(), await boss.signed_in()
    assert (await working.get("/account/users")).status == 403
    await browser.post(
        f"/account/roles/{clerk}", {"name": "Clerk", "permissions": ["purchase", "manage_users"]}
    )
    assert (await working.get("/account/users")).status == 200
    # Who may less is signed out.
    await browser.post(f"/account/roles/{clerk}", {"name": "Clerk", "permissions": ["purchase"]})
    assert (await working.get("/account/users")).h1 == "Sign in"


async def test_nobody_makes_or_changes_a_role_beyond_their_own_permissions() -> None:
    boss, _buyer = await company_with_buyer()
    office = await own_role(boss, "Office", "manage_users", "purchase")
    strong = await own_role(boss, "Strong", "approve")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    browser = await clerk.signed_in()
    page = await browser.get("/account/roles/new")
    assert "Approve orders" not in page.main
    assert (await make(browser, "Sly", "approve")).status == 422
    assert (await make(browser, "Fine", "purchase")).status == 200
    for path, fields in (
        (f"/account/roles/{strong}", {"name": "Weak", "permissions": []}),
        (f"/account/roles/{strong}", {"name": "Strong", "permissions": ["purchase"]}),
        (
            f"/account/roles/{office}",
            {"name": "Office", "permissions": ["manage_users", "purchase", "approve"]},
        ),
        (f"/account/roles/{strong}/delete", {"replacement": ""}),
    ):
        assert (await browser.post(path, fields)).status == 422, fields
    assert await DB.fetch_value("SELECT permissions FROM company_roles WHERE id = $1", uuid.UUID(strong)) == [
        "approve"
    ]


async def test_nobody_demotes_themself_by_changing_their_own_role() -> None:
    boss, _buyer = await company_with_buyer()
    office = await own_role(boss, "Office", "manage_users", "purchase")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    browser = await clerk.signed_in()
    refused = await browser.post(f"/account/roles/{office}", {"name": "Office", "permissions": ["purchase"]})
    assert refused.status == 422
    assert "demotes themself" in refused.main
    refused = await browser.post(f"/account/roles/{office}/delete", {"replacement": "buyer"})
    assert refused.status == 422
    row = await DB.fetch_value("SELECT permissions FROM company_roles WHERE id = $1", uuid.UUID(office))
    assert row == ["manage_users", "purchase"]


async def test_the_last_who_may_everything_by_several_roles_does_not_lose_one_of_them() -> None:
    boss, _buyer = await company_with_buyer()
    users = await own_role(boss, "Users", "manage_users")
    rest = await own_role(boss, "Rest", "purchase", "approve", "manage_company", "see_all_orders")
    await DB.execute("UPDATE memberships SET roles = $1 WHERE id = $2", [users, rest], boss.membership_id)
    office = await own_role(boss, "Office", "manage_users", "purchase")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    browser = await clerk.signed_in()
    refused = await browser.post(f"/account/roles/{users}", {"name": "Users", "permissions": ["purchase"]})
    assert refused.status == 422
    assert "always has an active account administrator" in refused.main


async def test_of_two_who_change_a_role_the_slower_compares_both_and_chooses() -> None:
    boss, _buyer = await company_with_buyer()
    clerk = await own_role(boss, "Clerk", "purchase")
    slow, fast = await boss.signed_in(), await boss.signed_in()
    page = await slow.get(f"/account/roles/{clerk}")
    await fast.fill(
        await fast.get(f"/account/roles/{clerk}"), {"name": "Office", "permissions": ["see_all_orders"]}
    )
    page = await slow.fill(page, {"name": "Desk", "permissions": ["purchase", "approve"]})
    assert (page.status, page.h1) == (409, "Somebody else was faster")
    for shown in ("Desk", "Office", "Place orders, Approve orders", "See the orders of all colleagues"):
        assert shown in page.main
    page = await slow.fill(page, {"permissions": ["purchase", "approve"]}, form="version")
    assert "The role is saved." in page.text
    row = await DB.fetch_row("SELECT name, permissions FROM company_roles")
    assert row == {"name": "Desk", "permissions": ["purchase", "approve"]}


async def test_who_manages_users_does_not_lift_their_own_limits_unless_they_may_everything() -> None:
    boss, buyer = await company_with_buyer()
    office = await own_role(boss, "Office", "manage_users", "purchase")
    clerk = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    await DB.execute("UPDATE memberships SET order_limit = 5000 WHERE id = $1", clerk.membership_id)
    browser = await clerk.signed_in()
    refused = await press(browser, clerk, "/budget", order_limit="")
    assert refused.status == 422
    assert "Your own limits are changed by an account administrator." in refused.main
    assert (await membership(clerk))["order_limit"] == 5000
    assert (await press(browser, buyer, "/budget", order_limit="70")).status == 200
    assert (await press(await boss.signed_in(), boss, "/budget", order_limit="900")).status == 200
    assert (await membership(boss))["order_limit"] == 90000


@pytest.mark.parametrize("name", ["Clerk", "clerk", "Buyer", "account administrator"])
async def test_two_roles_of_a_company_never_have_one_name(name: str) -> None:
    boss, _buyer = await company_with_buyer()
    await own_role(boss, "Clerk", "purchase")
    refused = await make(await boss.signed_in(), name, "purchase")
    assert refused.status == 422
    assert "name" in refused.errors


async def test_of_two_roles_of_one_name_made_at_once_one_is_made() -> None:
    boss, _buyer = await company_with_buyer()
    first, second = await boss.signed_in(), await boss.signed_in()
    await first.get("/account/roles")
    await second.get("/account/roles")
    answers = await at_once(make(first, "Clerk", "purchase"), make(second, "Clerk", "approve"))
    assert sorted(one.status for one in answers) == [200, 422]


async def test_a_company_has_at_most_fifty_roles_of_its_own() -> None:
    boss, _buyer = await company_with_buyer()
    for n in range(50):
        await own_role(boss, f"Role {n}", "purchase")
    browser = await boss.signed_in()
    assert "at most 50 roles" in (await browser.get("/account/roles")).main
    refused = await make(browser, "One more", "purchase")
    assert refused.status == 422
    assert await DB.fetch_value("SELECT count(*) FROM company_roles") == 50


async def test_an_unknown_permission_is_refused() -> None:
    boss, _buyer = await company_with_buyer()
    refused = await make(await boss.signed_in(), "Pilot", "purchase", "fly")
    assert refused.status == 422
    assert "permissions" in refused.errors


async def test_a_role_that_somebody_has_is_deleted_only_with_a_replacement() -> None:
    boss, buyer = await company_with_buyer()
    clerk = await own_role(boss, "Clerk", "purchase", "approve")
    await DB.execute("UPDATE memberships SET roles = $1 WHERE id = $2", ["buyer", clerk], buyer.membership_id)
    browser = await boss.signed_in()
    page = await browser.get(f"/account/roles/{clerk}/delete")
    assert "1 user has this role" in page.main
    for nothing in ("", clerk, "king"):
        refused = await browser.fill(page, {"replacement": nothing})
        assert refused.status == 422
        assert "replacement" in refused.errors
    answer = await browser.fill(page, {"replacement": "buyer"})
    assert "is deleted" in answer.text
    assert (await membership(buyer))["roles"] == ["buyer"]


async def test_a_role_of_another_company_is_as_missing_as_one_that_never_was() -> None:
    boss, _buyer = await company_with_buyer()
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    theirs = await own_role(other, "Theirs", "purchase")
    browser = await boss.signed_in()
    for action in ("", "/delete"):
        pages = [await browser.get(f"/account/roles/{key}{action}") for key in (theirs, uuid.uuid4())]
        assert [one.status for one in pages] == [404, 404]
        assert len({re.sub(r"[0-9a-f]{16}", "", one.main) for one in pages}) == 1
        changed = await browser.post(f"/account/roles/{theirs}{action}", {"name": "Mine"})
        assert changed.status == 404
    assert await role_id("Theirs") == uuid.UUID(theirs)


async def look(person: Person, role: str) -> SeenPage:
    await person.get("/account/roles")
    return await person.post("/account/roles/look", {"role": role})


async def stop(person: Person) -> SeenPage:
    page = await person.get("/account")
    form = next(one for one in page.tree.iterfind(".//form") if one.get("action").endswith("/stop-looking"))
    return await person.post(form.get("action"))


async def test_an_administrator_sees_the_shop_as_another_role_and_then_as_themself_again() -> None:
    boss, _buyer = await company_with_buyer()
    browser = await boss.signed_in()
    page = await look(browser, "buyer")
    assert "You look at the shop as “Buyer”" in page.text
    assert not [one for one in page.links if one.endswith("/account/users")]
    assert (await browser.get("/account/users")).status == 403
    page = await stop(browser)
    assert "You see the shop as yourself again." in page.text
    assert "You look at the shop as" not in page.text
    assert (await browser.get("/account/users")).status == 200


async def test_the_banner_names_a_role_of_the_company() -> None:
    boss, _buyer = await company_with_buyer()
    clerk = await own_role(boss, "Clerk", "manage_users")
    browser = await boss.signed_in()
    page = await look(browser, clerk)
    assert "You look at the shop as “Clerk”" in page.text
    assert (await browser.get("/account/users")).status == 200


async def test_while_looking_nothing_can_be_changed_but_stopping() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    await look(browser, "account_administrator")
    for path, fields in (
        ("/account/profile", {"first_name": "X", "last_name": "Y"}),
        (f"/account/users/{buyer.user_id}/disable", {}),
        ("/account/roles/look", {"role": "buyer"}),
        ("/basket/lines", {"sku": "NW-001", "quantity": "1"}),
        ("/language", {"language": "de"}),
    ):
        await browser.get("/account")
        refused = await browser.post(path, fields)
        assert refused.status == 403, path
        assert "nothing is changed meanwhile" in refused.main
        assert refused.h1 == "You only look"
        assert "Your account may not" not in refused.main
    assert (await membership(buyer))["is_active"]
    await browser.get("/account")
    assert (await browser.post("/sign-out")).status == 200
    assert (await browser.get("/account")).h1 == "Sign in"


async def test_looking_as_a_role_never_lets_somebody_do_more() -> None:
    boss, _buyer = await company_with_buyer()
    office = await own_role(boss, "Office", "manage_users")
    clerk: Known = await people.colleague(boss, "clerk@alfki.example", roles=(office,))
    browser = await clerk.signed_in()
    page = await look(browser, "account_administrator")
    assert page.status == 200
    company = await browser.get("/account/company")
    assert not company.tree.findall(".//main//form")


async def test_a_role_that_is_not_there_cannot_be_looked_as() -> None:
    boss, _buyer = await company_with_buyer()
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    browser = await boss.signed_in()
    for role in ("king", "", await own_role(other, "Theirs", "purchase")):
        assert (await look(browser, role)).status == 422
    assert await DB.fetch_value("SELECT count(*) FROM sessions WHERE view_as_role <> ''") == 0


async def test_nobody_goes_on_looking_as_a_role_that_was_deleted() -> None:
    boss, _buyer = await company_with_buyer()
    clerk = await own_role(boss, "Clerk", "purchase")
    ann = await people.colleague(boss, "ann@alfki.example", roles=("account_administrator",))
    looking, browser = await ann.signed_in(), await boss.signed_in()
    await look(looking, clerk)
    await browser.post(f"/account/roles/{clerk}/delete", {"replacement": ""})
    assert "You look at the shop as" not in (await looking.get("/account")).text
    assert await administrators(boss) == 2


async def test_the_history_tells_the_administrators_who_did_what_and_nobody_else() -> None:
    boss, buyer = await company_with_buyer()
    browser = await boss.signed_in()
    await browser.post(f"/account/users/{buyer.user_id}/roles", {"roles": ["approver"]})
    await make(browser, "Clerk", "purchase")
    page = await browser.get("/account/users/history")
    assert "member roles changed" in page.main
    assert "Roles: Buyer → Approver" in page.main
    assert "Permissions: Place orders" in page.main
    assert "Maria Anders" in page.main
    assert (await (await buyer.signed_in()).get("/account/users/history")).status == 403
    other = await people.company("horst@quick.example", company_name="QUICK-Stop")
    assert "Clerk" not in (await (await other.signed_in()).get("/account/users/history")).main


async def test_the_history_tells_neither_names_nor_notes_of_staff_nor_what_people_do_elsewhere() -> None:
    boss, buyer = await company_with_buyer()
    entries = (
        ("customer approved", "Secret Staff", "back-office", boss.customer_id, "a note"),
        ("password changed", "Maria Anders", "business", None, ""),
    )
    for action, actor, application, customer, reason in entries:
        await DB.execute(
            "INSERT INTO audit_entries (id, happened_at, action, actor_name, application, user_id, customer_id,"
            " before, after, reason) VALUES ($1, now(), $2, $3, $4, $5, $6, '{}', '{\"x\": \"note\"}', $7)",
            uuid.uuid4(),
            action,
            actor,
            application,
            buyer.user_id,
            customer,
            reason,
        )
    page = await (await boss.signed_in()).get("/account/users/history")
    assert "customer approved" in page.main
    assert "The shop" in page.main
    assert "Secret Staff" not in page.main
    assert "note" not in page.main
    assert "password changed" not in page.main


async def test_a_long_history_has_pages() -> None:
    boss, _buyer = await company_with_buyer()
    for n in range(120):
        await DB.execute(
            "INSERT INTO audit_entries (id, happened_at, action, application, customer_id, before, after)"
            " VALUES ($1, now() - $2 * interval '1 hour', 'role created', 'business', $3, '{}', $4)",
            uuid.uuid4(),
            n,
            boss.customer_id,
            f'{{"name": "Role number {n}."}}',
        )
    browser = await boss.signed_in()
    page = await browser.get("/account/users/history")
    seen = 0
    for _page in range(3):
        seen += page.main.count("Role number")
        older = [one for one in page.links if "before=" in one]
        if older:
            page = await browser.get(older[-1])
    assert seen == 120
