"""Pages of a company with very many people, orders and requisitions: as many queries as for one of few, and what
the database keeps for its lists is what stands in users, memberships and orders."""

import asyncio

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage, visit
from tests.catalog.shelf import counted_queries
from tests.checkout.ordering import GUEST, open_shop, order
from tests.company_users.managing import own_role
from tests.company_users.test_user_list import crowd, names, person
from tests.databases import known_to_the_planner
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")

PAGES = (
    "",
    "/users",
    "/users?page=2",
    "/users?q=person",
    "/users?q=person+7+alfki&status=active",
    "/users?status=active",
    "/users?status=disabled",
    "/users?role=buyer",
    "/users/invitations",
    "/users/invitations?state=open&q=7",
    "/users/history",
    "/users/import",
    "/roles",
    "/orders",
    "/orders?state=new",
    "/orders?q=tea",
    "/orders?q=n7&state=new",
    "/orders?from=2020-01-01&to=2099-01-01",
    "/orders?buyer={user}",
    "/requisitions",
    "/requisitions?show=all",
    "/requisitions?show=all&state=pending",
    "/requisitions?show=mine",
    "/users/{user}",
    "/users/{user}/budget",
)


async def costs(browser: Person, of: Known) -> dict[str, int]:
    """How many queries each page takes."""
    found = {}
    for path in PAGES:
        with counted_queries() as said:
            page = await browser.get("/account" + path.format(user=of.user_id))
        assert page.status == 200, path
        found[path] = len(said)
    return found


async def fill(of: Known, n: int) -> None:
    """So many colleagues, and as many of all that they leave behind."""
    await crowd(of, n)
    of_colleagues = f"""
        FROM (SELECT m.id AS membership, m."user", row_number() OVER () AS n FROM memberships m
              WHERE m.customer = '{of.customer_id}') AS m"""
    for statement in (
        f"""
        INSERT INTO orders (id, number, application, customer, "user", email, email_canonical, placed_at)
        SELECT gen_random_uuid(), 'N' || m.n, 'business', $1, m."user", 'a@b.example', 'a@b.example',
               now() - m.n * interval '1 minute' {of_colleagues}""",
        f"""
        INSERT INTO requisitions (id, number, customer, "user", membership, application, state, created_at,
                                  expires_at)
        SELECT gen_random_uuid(), 'R' || m.n, $1, m."user", m.membership, 'business', 'pending', now(),
               now() + interval '1 day' {of_colleagues}""",
        f"""
        INSERT INTO audit_entries (id, happened_at, action, application, user_id, customer_id)
        SELECT gen_random_uuid(), now(), 'user disabled', 'business', m."user", $1 {of_colleagues}""",
        f"""
        INSERT INTO invitations (id, customer, application, email, email_canonical, invited_by, created_at, sent_at,
                                 expires_at)
        SELECT gen_random_uuid(), $1, 'business', m.n || '@c.example', m.n || '@c.example', m.membership, now(),
               now(), now() + interval '1 day' {of_colleagues}""",
    ):
        await DB.execute(statement, of.customer_id)


async def test_every_page_costs_a_large_company_as_many_queries_as_a_small_one() -> None:
    await open_shop()
    boss = await people.company()
    await fill(boss, 10)
    browser = await boss.signed_in()
    # What is kept for a time is asked for once, by whoever comes first.
    await costs(browser, boss)
    few = await costs(browser, boss)
    for statement in ("orders", "requisitions", "invitations", "users WHERE login LIKE 'n%'"):
        await DB.execute(f"DELETE FROM {statement}")
    await fill(boss, 600)
    assert await costs(browser, boss) == few


async def test_what_is_searched_for_is_not_counted_to_the_end() -> None:
    boss = await people.company()
    await crowd(boss, 600)
    browser = await boss.signed_in()
    assert "601 users found" in (await browser.get("/account/users")).main
    page = await browser.get("/account/users?q=person")
    assert "At least 525 users found" in page.main
    assert len(names(page)) == 25
    last = await browser.get("/account/users?q=person&page=24")
    assert "600 users found" in last.main
    assert len(names(last)) == 25
    assert "At least 525 users found" in (await browser.get("/account/users?role=buyer")).main
    assert "1 user found" in (await browser.get("/account/users?role=account_administrator")).main


async def test_invitations_that_are_searched_for_go_on_beyond_those_that_are_counted() -> None:
    boss = await people.company()
    await fill(boss, 560)
    browser = await boss.signed_in()
    assert "561 invitations" in (await browser.get("/account/users/invitations")).main
    assert "At least 525 invitations" in (await browser.get("/account/users/invitations?state=open")).main
    last = await browser.get("/account/users/invitations?state=open&page=23")
    assert "561 invitations" in last.main
    assert len(last.tree.findall(".//main//tbody/tr")) == 11


async def test_a_long_history_of_orders_goes_on_beyond_the_pages_that_are_counted() -> None:
    boss = await people.company()
    await fill(boss, 500)
    browser = await boss.signed_in()
    page = await browser.get("/account/orders")
    pager = page.tree.find(".//nav[@class='pager']")
    assert [one.text for one in pager.iterfind(".//a")] == ["1", "2", "21", "Next"]
    assert pager.findall(".//li")[-2].text == "…", "there is more than was counted"
    page = await browser.get("/account/orders?page=21")
    assert len(page.tree.findall(".//main//tbody/tr")) == 20
    page = await browser.get("/account/orders?page=26")
    assert len(page.tree.findall(".//main//tbody/tr")) == 1
    assert page.tree.findall(".//nav[@class='pager']//li")[-1].text_content() == "26"


async def test_of_very_many_colleagues_those_who_ordered_last_can_be_picked_out_and_anybody_on_their_page() -> (
    None
):
    boss = await people.company()
    await fill(boss, 300)
    browser = await boss.signed_in()

    def buyers(page: SeenPage) -> set[str]:
        return {one.get("value") for one in page.tree.iterfind(".//select[@name='buyer']/option")} - {""}

    last = await DB.fetch('SELECT "user"::text FROM orders ORDER BY placed_at DESC LIMIT 20')
    assert buyers(await browser.get("/account/orders")) == {row["user"] for row in last}
    (first,) = await DB.fetch('SELECT "user"::text, number FROM orders ORDER BY placed_at LIMIT 1')
    link = f"/business/account/orders?buyer={first['user']}"
    assert link in (await browser.get(f"/account/users/{first['user']}")).links
    page = await browser.get(link.removeprefix("/business"))
    assert first["number"] in page.main
    assert len(page.tree.findall(".//main//tbody/tr")) == 1
    assert buyers(page) == {row["user"] for row in last} | {first["user"]}


async def found(browser: Person, query: str) -> list[str]:
    return names(await browser.get(f"/account/users?{query}"))


async def test_whoever_is_renamed_joins_leaves_or_is_disabled_is_found_so_at_once() -> None:
    boss = await people.company()
    browser = await boss.signed_in()
    ana = await person(boss, "Ana", "Trujillo", department="Kitchen")
    assert await found(browser, "q=trujillo") == ["Ana Trujillo"]
    await DB.execute(
        "UPDATE users SET last_name = 'Moreno', is_active = false, email_canonical = $2, login_canonical = $2"
        " WHERE id = $1",
        ana.user_id,
        "ana@moreno.example",
    )
    assert await found(browser, "q=trujillo") == []
    assert await found(browser, "q=moreno") == ["Ana Moreno"]
    assert await found(browser, "status=disabled") == ["Ana Moreno"]
    clerk = await own_role(boss, "Clerk")
    await DB.execute(
        "UPDATE memberships SET department = 'Sales', roles = $2 WHERE id = $1", ana.membership_id, [clerk]
    )
    assert await found(browser, "q=kitchen") == []
    assert await found(browser, f"q=sales&role={clerk}") == ["Ana Moreno"]
    await DB.execute("DELETE FROM memberships WHERE id = $1", ana.membership_id)
    assert await found(browser, "q=moreno") == []


async def test_words_of_one_and_two_letters_find_people_too() -> None:
    boss = await people.company()
    await person(boss, "Bo", "Li", position="Ÿ")
    browser = await boss.signed_in()
    for typed in ("bo", "li", "ÿ", "o+L", "%C5%B8"):
        assert "Bo Li" in await found(browser, f"q={typed}"), typed


async def test_of_a_new_name_and_a_new_department_at_once_both_are_found() -> None:
    boss = await people.company()
    ana = await person(boss, "Ana", "Trujillo")
    browser = await boss.signed_in()
    for n in range(20):
        await asyncio.gather(
            DB.execute("UPDATE users SET last_name = $2 WHERE id = $1", ana.user_id, f"Name{n}"),
            DB.execute("UPDATE memberships SET department = $2 WHERE id = $1", ana.membership_id, f"Room{n}"),
        )
        assert await found(browser, f"q=name{n}+room{n}") == [f"Ana Name{n}"]


async def test_what_the_lists_search_is_what_stands_in_the_tables() -> None:
    await open_shop()
    boss = await people.company()
    await fill(boss, 30)
    await order(await boss.signed_in(), "TEA")
    for kept, meant in (
        (
            "SELECT membership, customer, is_active, roles, searched FROM listed_members ORDER BY 1",
            "SELECT membership, customer, is_active, roles, searched FROM members_to_list ORDER BY 1",
        ),
        (
            'SELECT "order" AS id, customer, placed_at, searched FROM searched_orders ORDER BY 1',
            "SELECT id, customer, placed_at, searched FROM orders_to_search ORDER BY 1",
        ),
    ):
        assert await DB.fetch(kept) == await DB.fetch(meant)


async def test_an_order_that_is_claimed_is_found_by_its_words() -> None:
    await open_shop()
    number = await order(await visit("shop"), "TEA")
    browser = await (await people.shopper(GUEST["email"])).signed_in()
    assert await DB.fetch("SELECT FROM searched_orders") == [], "nobody's list has it"
    await browser.post("/account/orders/claim")
    for typed in ("tea", "te", number.lower()):
        page = await browser.get(f"/account/orders?q={typed}")
        assert number in page.main, typed
    stranger = await (await people.shopper("eve@example.com")).signed_in()
    assert number not in (await stranger.get("/account/orders?q=tea")).text


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (
            "SELECT FROM listed_members l WHERE pieces_of_company(l.customer, l.searched) @>"
            " pieces_of_company($1, 'moreno')",
            "listed_members_by_words",
        ),
        (
            "SELECT FROM listed_members l WHERE roles_of_company(l.customer, l.roles) @>"
            " roles_of_company($1, '{approver}')",
            "listed_members_by_role",
        ),
        (
            "SELECT i.id FROM invitations i WHERE i.customer = $1 AND coalesce(i.accepted_at, i.revoked_at) IS NULL"
            " AND i.expires_at > now() AND starts_with(i.email_canonical, 'a')"
            " AND starts_with(lower(i.last_name), 'a') ORDER BY i.sent_at DESC, i.id LIMIT 25",
            "Index Only Scan using invitations_of_customer",
        ),
        (
            "SELECT FROM searched_orders s WHERE pieces_of_company(s.customer, s.searched) @>"
            " pieces_of_company($1, 'chai')",
            "searched_orders_by_words",
        ),
        (
            "SELECT l.membership FROM listed_members l WHERE l.customer = $1"
            " ORDER BY l.is_active DESC, l.membership DESC LIMIT 25",
            "listed_members_in_order",
        ),
        (
            "SELECT o.* FROM orders o WHERE o.customer = $1 AND o.state = 'new'"
            " ORDER BY o.placed_at DESC, o.id LIMIT 20",
            "orders_of_customer_by_state",
        ),
    ],
)
async def test_lists_are_found_in_their_order_by_an_index(statement: str, index: str) -> None:
    boss = await people.company()
    await fill(boss, 100)
    await DB.execute("UPDATE orders SET state = 'shipped' WHERE number NOT LIKE '%7'")
    await known_to_the_planner("orders", "searched_orders", "listed_members", "invitations")
    async with DB.transaction():
        not_by_order = ["enable_bitmapscan"] if "LIMIT" in statement else []
        for setting in ("enable_seqscan", "enable_sort", *not_by_order):
            await DB.execute(f"SET LOCAL {setting} = off")
        plan = "\n".join(
            row["QUERY PLAN"] for row in await DB.fetch(f"EXPLAIN {statement}", boss.customer_id)
        )
    assert index in plan
    assert "Sort" not in plan
