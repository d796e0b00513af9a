"""Content slots: what each target group reads in named places (domain.md 8)."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.errors import Conflict
from app.marketing.content import SLOTS, rendered
from app.marketing.edit_content import ContentDraft, change_content, create_content, delete_content
from app.segments.implicit import EVERYONE, NEW_USERS, RECURRING_USERS, REGISTERED_USERS
from tables.engine import DB
from tests import people
from tests.browser_like import visit

TEXTS = {"en": "Welcome **all**", "de": "Willkommen **alle**"}


def draft(**changes: Any) -> ContentDraft:
    given = {
        "slot": "account/welcome",
        "name": "Welcome",
        "texts": TEXTS,
        "segments": frozenset({EVERYONE.id}),
    }
    return ContentDraft(**{**given, **changes})


async def test_a_slot_shows_each_person_what_is_meant_for_them(database: str) -> None:
    await create_content(
        draft(texts={"en": "For new customers"}, priority=5, segments=frozenset({NEW_USERS.id}))
    )
    await create_content(
        draft(texts={"en": "For regulars"}, priority=5, segments=frozenset({RECURRING_USERS.id}))
    )
    known = await people.shopper()
    person = await known.signed_in()
    assert "For new customers" in (await person.get("/account")).main
    await DB.execute("UPDATE customers SET recurring_since = now() WHERE id = $1", known.customer_id)
    page = await person.get("/account")
    assert "For regulars" in page.main
    assert "For new customers" not in page.main


async def test_the_banner_of_the_home_page_is_for_its_target_group(database: str) -> None:
    await create_content(
        draft(slot="home/banner", texts={"en": "Only for members"}, segments=frozenset({REGISTERED_USERS.id}))
    )
    assert "Only for members" not in (await (await visit("shop")).get("/")).main
    assert "Only for members" in (await (await (await people.shopper()).signed_in()).get("/")).main


async def test_it_is_shown_in_the_language_of_the_person(database: str) -> None:
    await create_content(draft(slot="home/banner"))
    assert "Willkommen alle" in (await (await visit("shop", language="de")).get("/")).main
    assert "Welcome all" in (await (await visit("shop", language="en")).get("/")).main
    assert "<strong>all</strong>" in (await (await visit("business")).get("/")).html


async def test_the_highest_priority_that_is_valid_now_counts(database: str) -> None:
    now = datetime.now(UTC)
    for name, priority, since, until in (
        ("over", 9, None, now - timedelta(minutes=1)),
        ("to come", 8, now + timedelta(days=1), None),
        ("now", 7, now - timedelta(days=1), now + timedelta(days=1)),
        ("low", 1, None, None),
    ):
        await create_content(
            draft(
                slot="home/banner",
                texts={"en": f"Banner {name}"},
                priority=priority,
                valid_from=since,
                valid_to=until,
            )
        )
    page = (await (await visit("shop")).get("/")).main
    assert "Banner now" in page
    assert page.count("Banner ") == 1


async def test_a_change_is_on_the_next_page_and_what_is_switched_off_or_deleted_is_gone(
    database: str,
) -> None:
    item = await create_content(draft(slot="home/banner"))
    person = await visit("shop")
    assert "Welcome all" in (await person.get("/")).main
    await change_content(item, draft(slot="home/banner", texts={"en": "Hello again"}), version=1)
    assert "Hello again" in (await person.get("/")).main
    await change_content(item, draft(slot="home/banner", is_active=False), version=2)
    assert "Welcome" not in (await person.get("/")).main
    with pytest.raises(Conflict):
        await change_content(item, draft(), version=2)
    assert await delete_content(item)
    assert not await delete_content(item)
    assert await DB.fetch_value("SELECT count(*) FROM targets") == 0


async def test_a_page_asks_the_database_nothing_for_content_that_is_held(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncpg

    await create_content(draft(slot="home/banner"))
    person = await visit("shop")
    await person.get("/")
    seen: list[str] = []
    original = asyncpg.Connection.fetch

    async def noting(self: Any, query: str, *arguments: Any, **options: Any) -> Any:
        seen.append(query)
        return await original(self, query, *arguments, **options)

    monkeypatch.setattr(asyncpg.Connection, "fetch", noting)
    assert "Welcome" in (await person.get("/")).main
    assert not [one for one in seen if "content_items" in one or "FROM targets" in one]


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](//evil.example)",
        "[x](/\\evil.example)",
        "![x](https://evil.example/x.png)",
        '<a href="https://a.example" style="x" onclick="y">x</a>',
        "<iframe src=//evil.example></iframe>",
        "[x](vbscript:msgbox)",
        "<style>*{display:none}</style>",
    ],
)
def test_nothing_that_could_run_or_load_gets_through(markdown: str) -> None:
    html = rendered(markdown)
    tags = re.findall(r"<[^>]*>", html)
    assert not [one for one in tags if re.match(r"<(script|img|iframe|style|object|svg)", one)], html
    assert not [
        one
        for one in tags
        if re.search(r"(javascript|data|vbscript):|\"[/\\]{2}|src=|onclick|onerror|style=", one)
    ]


def test_headings_begin_below_the_heading_of_the_page() -> None:
    assert rendered("# Big\n\n###### Small") == "<h2>Big</h2>\n<h4>Small</h4>"


def test_links_stay_in_the_application_and_may_lead_elsewhere_in_full() -> None:
    assert 'href="/business/categories/a"' in rendered("[A](/categories/a)", "/business")
    assert 'href="https://example.com/"' in rendered("[A](https://example.com/)", "/business")
    assert "href" not in rendered("[A](categories/a)")


def test_templates_name_only_slots_that_there_are_and_every_slot_has_a_place() -> None:
    named: set[str] = set()
    for path in (Path(__file__).parents[2] / "templates").rglob("*.html"):
        named |= set(re.findall(r'content_slot\("([^"]+)"\)', path.read_text(encoding="utf-8")))
    assert named == set(SLOTS)


async def test_a_note_stands_above_the_basket(database: str) -> None:
    await create_content(draft(slot="basket/note", texts={"en": "Free delivery from €50"}))
    assert "Free delivery from €50" in (await (await visit("shop")).get("/basket")).main
