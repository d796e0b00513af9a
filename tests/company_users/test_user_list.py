"""The list of a company's users: search, filters, pages, at a fixed number of queries (domain.md 10)."""

import pytest

from tables.engine import DB
from tests import people
from tests.browser_like import SeenPage
from tests.company_users.managing import company_with_buyer, own_role
from tests.people import Known

pytestmark = pytest.mark.usefixtures("database")


def names(page: SeenPage) -> list[str]:
    return [one.text_content() for one in page.tree.findall(".//main//tbody//th/a")]


async def person(of: Known, first: str, last: str, **changes: object) -> Known:
    email = f"{first}.{last}@alfki.example".lower()
    known = await people.colleague(of, email, roles=("buyer",))
    await DB.execute(
        "UPDATE users SET first_name = $2, last_name = $3 WHERE id = $1", known.user_id, first, last
    )
    for name, value in changes.items():
        await DB.execute(f"UPDATE memberships SET {name} = $2 WHERE id = $1", known.membership_id, value)
    return known


async def test_an_administrator_sees_the_people_of_the_company_and_nobody_elses() -> None:
    boss, _buyer = await company_with_buyer()
    await people.company("stranger@quick.example", company_name="QUICK-Stop")
    browser = await boss.signed_in()
    page = await browser.get("/account/users")
    assert "2 users found" in page.main
    assert "Account administrator" in page.main
    assert "paul@alfki.example" in page.main
    assert "stranger@quick.example" not in page.text
    assert [one for one in page.links if one.endswith("/account/users")], "the navigation leads there"


async def test_words_find_people_by_name_e_mail_department_and_position() -> None:
    boss = await people.company()
    await person(boss, "Ana", "Trujillo", department="Kitchen")
    await person(boss, "Antonio", "Moreno", position="Cook (100%)")
    browser = await boss.signed_in()
    for typed, found in (
        ("trujillo", ["Ana Trujillo"]),
        ("ana KITCHEN", ["Ana Trujillo"]),
        ("antonio.moreno@", ["Antonio Moreno"]),
        ("100%", ["Antonio Moreno"]),
        ("nobody%", []),
        ("\x00", ["Antonio Moreno", "Ana Trujillo", "Maria Anders"]),
    ):
        page = await browser.get(f"/account/users?q={typed.replace('%', '%25').replace(chr(0), '%00')}")
        assert names(page) == found, typed
        assert len(found) != 0 or "Nobody fits this search" in page.main


async def test_the_list_is_filtered_by_state_and_role() -> None:
    boss = await people.company()
    clerk = await own_role(boss, "Clerk", "purchase")
    await person(boss, "Ana", "Trujillo", is_active=False)
    await person(boss, "Antonio", "Moreno", roles=[clerk])
    browser = await boss.signed_in()
    assert names(await browser.get("/account/users?status=disabled")) == ["Ana Trujillo"]
    assert names(await browser.get("/account/users?status=active")) == ["Antonio Moreno", "Maria Anders"]
    assert names(await browser.get(f"/account/users?role={clerk}")) == ["Antonio Moreno"]
    assert names(await browser.get("/account/users?role=buyer&status=active")) == []
    assert len(names(await browser.get("/account/users?role=none&status=none"))) == 3


async def crowd(of: Known, n: int) -> None:
    await DB.execute(
        """WITH made AS (
             INSERT INTO users (id, login, login_canonical, email, email_canonical, created_at, first_name,
                                last_name)
             SELECT gen_random_uuid(), 'n' || n, 'n' || n, n || '@alfki.example', n || '@alfki.example',
                    now(), 'Person', n::text FROM generate_series(1, $2) AS n RETURNING id)
           INSERT INTO memberships (id, "user", customer, roles, created_at)
           SELECT gen_random_uuid(), id, $1, '{buyer}', now() FROM made""",
        of.customer_id,
        n,
    )


async def test_long_lists_have_pages_and_keep_the_search() -> None:
    boss = await people.company()
    await crowd(boss, 60)
    browser = await boss.signed_in()
    page = await browser.get("/account/users?role=buyer")
    assert "60 users found" in page.main
    assert len(names(page)) == 25
    third = await browser.get(next(one for one in page.links if "page=3" in one))
    assert len(names(third)) == 10
    beyond = await browser.get("/account/users?role=buyer&page=99")
    assert names(beyond) == names(third)
    assert not set(names(page)) & set(names(third))


async def test_a_list_of_many_users_costs_as_many_queries_as_one_of_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boss = await people.company()
    browser = await boss.signed_in()
    asked: list[str] = []
    for name in ("fetch", "fetch_row", "fetch_value"):
        real = getattr(type(DB), name)

        async def counted(self: object, sql: str, *values: object, real: object = real) -> object:
            asked.append(sql)
            return await real(self, sql, *values)  # type: ignore[operator]  # the method it stands for

        monkeypatch.setattr(type(DB), name, counted)
    few = len(asked), (await browser.get("/account/users")).status, len(asked)
    await crowd(boss, 200)
    before = len(asked)
    await browser.get("/account/users")
    assert len(asked) - before == few[2] - few[0]


async def test_who_may_not_manage_users_finds_neither_the_page_nor_the_way_there() -> None:
    _boss, buyer = await company_with_buyer()
    browser = await buyer.signed_in()
    assert not [one for one in (await browser.get("/account")).links if one.endswith("/account/users")]
    page = await browser.get("/account/users")
    assert page.status == 403
    assert page.h1 == "This page is not for you"


async def test_a_shop_without_companies_has_no_such_page() -> None:
    browser = await (await people.shopper()).signed_in()
    assert (await browser.get("/account/users")).status == 404
    assert (await browser.get("/account/roles")).status == 404


async def test_the_overview_names_a_few_of_many_colleagues_and_says_how_many_there_are() -> None:
    boss = await people.company()
    await crowd(boss, 30)
    page = await (await boss.signed_in()).get("/account")
    assert "31 people act for your account" in page.main
    assert "and 23 more" in page.main
    assert [one for one in page.links if one.endswith("/account/users")]
