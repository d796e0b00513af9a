"""Likely duplicates: flagged at the customer, as a list, and quick among many."""

import uuid

import pytest

from app.customers import duplicates
from app.customers.duplicates import Likeness, likely_duplicates, likely_duplicates_of
from app.organisations.tree import create_organisation, put_customer_into
from tables.engine import DB
from tests import people
from tests.databases import known_to_the_planner

pytestmark = pytest.mark.usefixtures("database")


async def with_taxation_id(known: people.Known, taxation_id: str) -> people.Known:
    await DB.execute(
        "UPDATE companies SET taxation_id = $2 WHERE customer = $1", known.customer_id, taxation_id
    )
    return known


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller & Söhne GmbH", "MUELLER UND SOEHNE"),
        ("Alfreds Futterkiste", "Alfreds  Futter-Kiste GmbH & Co. KG"),
        ("Café Noir Ltd.", "cafe noir"),
    ],
)
async def test_names_are_alike_but_for_spelling_and_legal_form(one: str, other: str) -> None:
    known = await people.company("a@one.example", company_name=one)
    like = await people.company("b@two.example", company_name=other)
    await people.company("c@three.example", company_name="Something else GmbH")
    found = await likely_duplicates_of(known.customer_id)
    assert [(found_one.number, found_one.likeness) for found_one in found] == [(like.number, Likeness.NAME)]
    (group,) = (await likely_duplicates(Likeness.NAME)).groups
    assert {found_one.number for found_one in group.customers} == {known.number, like.number}


async def test_a_legal_form_alone_is_no_name() -> None:
    known = await people.company("a@one.example", company_name="AG")
    await people.company("b@two.example", company_name="GmbH")
    assert await likely_duplicates_of(known.customer_id) == []
    assert (await likely_duplicates(Likeness.NAME)).groups == ()


async def test_the_same_taxation_id_is_the_surest_sign() -> None:
    known = await with_taxation_id(await people.company("a@one.example", company_name="One"), "DE136695976")
    like = await with_taxation_id(await people.company("b@one.example", company_name="Two"), "DE136695976")
    found = await likely_duplicates_of(known.customer_id)
    assert [(one.number, one.likeness) for one in found] == [(like.number, Likeness.TAXATION_ID)]
    (group,) = (await likely_duplicates(Likeness.TAXATION_ID)).groups
    assert group.value == "DE136695976"


async def test_an_e_mail_domain_is_a_sign_unless_everybody_may_have_it() -> None:
    known = await people.company("a@alfki.example", company_name="One")
    await people.colleague(known, "a@gmail.com")
    like = await people.company("b@alfki.example", company_name="Two")
    await people.company("c@gmail.com", company_name="Three")
    await people.shopper("d@alfki.example")
    found = await likely_duplicates_of(known.customer_id)
    assert [(one.number, one.value) for one in found] == [(like.number, "alfki.example")]
    (group,) = (await likely_duplicates(Likeness.DOMAIN)).groups
    assert {one.number for one in group.customers} == {known.number, like.number}


async def test_colleagues_alone_are_no_duplicates() -> None:
    known = await people.company("a@alfki.example")
    await people.colleague(known, "b@alfki.example")
    assert (await likely_duplicates(Likeness.DOMAIN)).groups == ()


async def test_they_are_flagged_at_the_customer_and_in_the_list() -> None:
    known = await people.company("a@one.example")
    like = await people.company("b@two.example")
    staff = await (await people.staff_member()).signed_in()
    page = await staff.get(f"/customers/{known.number}")
    assert "Likely duplicates" in page.main
    assert any(f"merge?other={like.number}" in link for link in page.links)
    page = await staff.get("/customers")
    assert any("/customers/duplicates" in link for link in page.links)
    page = await staff.get("/customers/duplicates?kind=name")
    assert f"({like.number})" in page.main
    assert "No likely duplicates here." in (await staff.get("/customers/duplicates?kind=x")).main


async def test_the_list_has_pages() -> None:
    for number in range(duplicates.ON_A_PAGE + 1):
        for who in "ab":
            await with_taxation_id(
                await people.company(f"{who}{number}@{who}.example", company_name=f"{who} {number}"),
                f"DE{number:09}",
            )
    first = await likely_duplicates(Likeness.TAXATION_ID)
    assert len(first.groups) == duplicates.ON_A_PAGE
    second = await likely_duplicates(Likeness.TAXATION_ID, first.after)
    assert [group.value for group in second.groups] == [f"DE{duplicates.ON_A_PAGE:09}"]
    assert second.after == ""


async def test_nobody_sees_duplicates_outside_of_their_branch() -> None:
    known = await people.company("a@one.example")
    like = await people.company("b@two.example")
    branch = await create_organisation("North")
    await put_customer_into(known.customer_id, branch)
    assert await likely_duplicates_of(known.customer_id, branch) == []
    assert (await likely_duplicates(Likeness.NAME, "", branch)).groups == ()
    await put_customer_into(like.customer_id, branch)
    assert len(await likely_duplicates_of(known.customer_id, branch)) == 1


async def many(count: int) -> uuid.UUID:
    """Many companies with a user each; the id of one of them."""
    async with DB.transaction():
        # No foreign key is looked up row by row: how long that takes depends on what tests before have left.
        await DB.execute("SET LOCAL session_replication_role = replica")
        for statement in (
            """CREATE TEMPORARY TABLE made ON COMMIT DROP AS SELECT n, gen_random_uuid() AS user_id,
               gen_random_uuid() AS customer_id FROM generate_series(1, $1::int) n""",
            """INSERT INTO users (id, login, login_canonical, email, email_canonical, created_at)
               SELECT user_id, 'u' || n, 'u' || n, 'u@d' || n || '.example', 'u@d' || n || '.example', now()
               FROM made""",
            """INSERT INTO customers (id, number, customer_type, created_at)
               SELECT customer_id, 'M' || n, 'SMB', now() FROM made""",
            """INSERT INTO companies (id, customer, company_name, taxation_id)
               SELECT gen_random_uuid(), customer_id, 'Company M' || n, 'DEM' || n FROM made""",
            """INSERT INTO memberships (id, "user", customer, created_at)
               SELECT gen_random_uuid(), user_id, customer_id, now() FROM made""",
        ):
            await DB.execute(statement, *([count] if "$1" in statement else []))
        found: uuid.UUID = await DB.fetch_value("SELECT customer_id FROM made WHERE n = 7")
    await known_to_the_planner("users", "customers", "companies", "memberships")
    return found


async def plan(sql: str, *arguments: object) -> str:
    return "\n".join(row["QUERY PLAN"] for row in await DB.fetch(f"EXPLAIN {sql}", *arguments))


async def test_each_look_up_uses_an_index_among_many_customers() -> None:
    one = await many(20_000)
    found = await plan(duplicates._LIKE, one, None, ["gmail.com"])
    for index in ("companies_by_taxation_id", "companies_by_name_key", "users_by_email_domain"):
        assert index in found
    for table in ("companies", "users", "customers", "memberships"):
        assert f"Seq Scan on {table}" not in found


async def test_a_page_of_the_list_reads_an_index_in_order() -> None:
    await many(20_000)
    # Whatever the planner thinks of a small table: no sort is needed where the index gives the order.
    async with DB.transaction():
        await DB.execute("SET LOCAL enable_seqscan = off")
        await DB.execute("SET LOCAL enable_hashagg = off")
        for likeness, index in (
            (Likeness.TAXATION_ID, "companies_by_taxation_id"),
            (Likeness.NAME, "companies_by_name_key"),
        ):
            found = await plan(duplicates._GROUPS[likeness], "", 26)
            assert index in found
            assert "Sort" not in found
        found = await plan(duplicates._GROUPS[Likeness.DOMAIN], "", 26, ["gmail.com"])
        assert "users_by_email_domain" in found
