"""Lists of what is sold and agreed on are searched and filtered alike, have pages, and cost the same however long they
are (pages.md, Back office)."""

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from app.back_office.selling_lists import ON_A_PAGE
from app.catalog.edit_view import ViewDetails, create_view
from app.contracts.edit_contract import ContractDetails, create_contract
from app.marketing.content import SLOTS
from app.marketing.edit_content import ContentDraft, create_content
from app.marketing.edit_promotions import PromotionDraft, create_promotion
from app.marketing.promotions import PromotionTarget
from app.prices.price_lists import PriceListDetails, create_price_list
from app.segments.custom import create_segment
from tables.engine import DB
from tests import people
from tests.browser_like import Person, SeenPage

pytestmark = pytest.mark.usefixtures("database")

DAY = timedelta(days=1)
# Of each state: since when, until when, and whether it is switched on.
TIMES: dict[str, tuple[timedelta | None, timedelta | None, bool]] = {
    "active": (-DAY, DAY, True),
    "upcoming": (DAY, None, True),
    "ended": (None, -DAY, True),
    "off": (None, None, False),
}


async def promotion(key: str, name: str, **when: object) -> None:
    draft = {"applies_to": PromotionTarget.ORDER, "percent_off": Decimal(5), "code": f"code-{key}", **when}
    await create_promotion(key, PromotionDraft(names={"en": name, "de": f"Auf Deutsch {key}"}, **draft))  # type: ignore[arg-type]


async def content(_key: str, name: str, **when: object) -> None:
    await create_content(ContentDraft(slot=next(iter(SLOTS)), name=name, texts={"en": "x"}, **when))  # type: ignore[arg-type]


async def price_list(key: str, name: str, **when: object) -> None:
    await create_price_list(key, PriceListDetails(name=name, **when))  # type: ignore[arg-type]


async def view(key: str, name: str, *, is_active: bool = True, **_when: object) -> None:
    await create_view(key, ViewDetails(name=name, description=f"About {key}", is_active=is_active))


async def segment(key: str, name: str) -> None:
    await create_segment(key, name)


async def contract(key: str, name: str) -> None:
    customer = await DB.fetch_value("SELECT id FROM customers LIMIT 1")
    if customer is None:
        customer = (await people.company()).customer_id
    today = datetime.now(UTC).date()
    await create_contract(customer, ContractDetails(number=key, name=name, starts_on=today))


Maker = Callable[..., Awaitable[None]]
LISTS: dict[str, Maker] = {
    "/promotions": promotion,
    "/content": content,
    "/price-lists": price_list,
    "/catalog-views": view,
    "/segments": segment,
    "/contracts": contract,
}
WITH_TIMES = ["/promotions", "/content", "/price-lists"]


def names_on(page: SeenPage) -> set[str]:
    """The names in the table of the list."""
    cells = ["".join(one.itertext()) for one in page.tree.findall(".//main//tbody/tr/*")]
    return {name for cell in cells for name in re.findall(r"Thing\w+", cell)}


async def search(staff: Person, path: str, **typed: str) -> SeenPage:
    """Fills in the form above the list and sends it as a browser without JavaScript does."""
    page = await staff.get(path)
    form = page.tree.find(".//form[@role='search']")
    assert (form.get("method"), form.get("action")) == ("get", f"/back-office{path}")
    named = {one.get("name") for one in form.iter() if one.get("name")}
    assert named >= typed.keys()
    return await staff.get(f"{path}?" + "&".join(f"{name}={value}" for name, value in typed.items()))


@pytest.mark.parametrize("path", LISTS)
async def test_lists_have_pages_of_one_size_which_keep_the_search(staff: Person, path: str) -> None:
    for number in range(ON_A_PAGE + 3):
        await LISTS[path](f"key{number:03}", f"Thing{number:03}")
    await LISTS[path]("other", "Another")
    page = await search(staff, path, q="thing")
    assert len(names_on(page)) == ON_A_PAGE
    assert "Another" not in page.main
    following = next(one for one in page.links if "page=2" in one)
    assert "q=thing" in following
    page = await staff.get(following)
    assert len(names_on(page)) == 3
    assert page.typed("q") == "thing"


@pytest.mark.parametrize("path", LISTS)
async def test_lists_cost_the_same_queries_however_long_they_are(
    staff: Person, queries: list[str], path: str
) -> None:
    counts = []
    for number in range(ON_A_PAGE + 1):
        await LISTS[path](f"key{number:03}", f"Thing{number:03}")
        if number in (0, ON_A_PAGE):
            await staff.get(path)
            queries.clear()
            page = await staff.get(f"{path}?q=thing")
            assert page.status == 200
            counts.append(len(queries))
    assert counts[0] == counts[1] < 20


@pytest.mark.parametrize("path", LISTS)
async def test_lists_are_searched_by_name_and_id(staff: Person, path: str) -> None:
    await LISTS[path]("first-one", "ThingWhite")
    await LISTS[path]("second-one", "ThingBlack")
    assert names_on(await search(staff, path, q="WHITE")) == {"ThingWhite"}
    if path != "/content":
        # What has an id of its own is found by it.
        assert names_on(await search(staff, path, q="second-O")) == {"ThingBlack"}
    for nothing in ("nobody", "%", "_", "%00"):
        page = await staff.get(f"{path}?q={nothing}")
        assert page.status == 200
        assert names_on(page) in (set(), {"ThingWhite", "ThingBlack"} if nothing == "%00" else set()), nothing


async def test_promotions_are_found_by_code_and_by_their_name_in_any_language(staff: Person) -> None:
    await promotion("first-one", "ThingWhite")
    await promotion("second-one", "ThingBlack")
    assert names_on(await search(staff, "/promotions", q="CODE-first")) == {"ThingWhite"}
    assert names_on(await search(staff, "/promotions", q="deutsch%20second")) == {"ThingBlack"}
    # The languages themselves are no words of it.
    assert names_on(await search(staff, "/promotions", q="%22en%22")) == set()


@pytest.mark.parametrize("path", WITH_TIMES)
async def test_lists_are_filtered_by_what_holds_now_later_and_no_more(staff: Person, path: str) -> None:
    now = datetime.now(UTC)
    for state, (since, until, is_active) in TIMES.items():
        await LISTS[path](
            state,
            f"Thing{state}",
            valid_from=now + since if since else None,
            valid_to=now + until if until else None,
            is_active=is_active,
        )
    words = {"active": "Active", "upcoming": "Not begun yet", "ended": "Over", "off": "Switched off"}
    for state, word in words.items():
        page = await search(staff, path, state=state)
        assert names_on(page) == {f"Thing{state}"}, state
        assert page.typed("state") == state
        row = page.tree.findall(".//main//tbody/tr")
        assert word in " ".join("".join(one.itertext()) for one in row)
    assert names_on(await search(staff, path, state="ended", q="thingoff")) == set()
    assert len(names_on(await staff.get(f"{path}?state=nonsense"))) == len(TIMES)


async def test_catalog_views_are_filtered_by_whether_they_are_switched_on(staff: Person) -> None:
    await view("on", "ThingOn")
    await view("off", "ThingOff", is_active=False)
    assert names_on(await search(staff, "/catalog-views", state="active")) == {"ThingOn"}
    assert names_on(await search(staff, "/catalog-views", state="off")) == {"ThingOff"}
    assert names_on(await search(staff, "/catalog-views", q="About%20on")) == {"ThingOn"}


async def test_links_to_other_pages_keep_the_state(staff: Person) -> None:
    for number in range(ON_A_PAGE + 1):
        await price_list(f"key{number:03}", f"Thing{number:03}")
    page = await search(staff, "/price-lists", state="active")
    assert any("state=active" in one and "page=2" in one for one in page.links)
