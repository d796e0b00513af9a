"""The picture of a category, as staff upload it, replace it and take it away."""

import re
import uuid
from typing import Any

import pytest

from app.catalog.pictures import delete_unused_pictures
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import category, product, send
from tests.browser_like import Person, SeenPage, visit
from tests.catalog.photos import grow_old, kept_files, photo, upload, upload_at

pytestmark = pytest.mark.usefixtures("no_pictures")


async def stored() -> str:
    found = await DB.fetch_value("SELECT picture FROM categories WHERE slug = 'teas'")
    assert isinstance(found, str)
    return found


def pictures(page: SeenPage, within: str = "main") -> list[Any]:
    """What the pictures of a part of a page say of themselves."""
    return [one.attrib for one in page.tree.findall(f".//{within}//img")]


def addresses(picture: Any) -> list[str]:
    """The addresses of the sizes of an uploaded picture; none of one that comes with the program."""
    return re.findall(r"(\S+) \d+w", picture.get("srcset", ""))


async def seen_by_shoppers() -> list[str]:
    """The addresses of the sizes of the picture at the head of the category."""
    person = await visit("shop")
    (picture,) = pictures(await person.get("/categories/teas"), "header[@data-category]")
    found = addresses(picture)
    for address in found:
        answer = await person.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    return found


async def test_a_picture_is_uploaded_and_shown_wherever_the_category_is(staff: Person) -> None:
    teas = await category()
    await category("more-teas", "More teas", parent=teas)
    await product("T-1", of=teas)
    page = await upload_at(staff, f"/categories/{teas}", photo(2000, 1500))
    assert "The category is changed." in page.main
    sizes = await seen_by_shoppers()
    assert len(sizes) == 3
    person = await visit("shop")
    shelf, card, fresh = pictures(await person.get("/"))
    (shown,) = pictures(await person.get("/products/T-1"))
    for picture in (shelf, card, fresh, shown):
        assert addresses(picture) == sizes
        # It says no more than the name beside it, and of a product that has none of its own it says nothing.
        assert (picture["alt"], picture["width"], picture["height"]) == ("", "1280", "960")
    (chosen,) = pictures(await staff.get(f"/categories/{teas}"))
    assert (chosen["alt"], len(addresses(chosen))) == ("The picture of the category", 3)


async def test_a_category_below_another_shows_its_picture_there(staff: Person) -> None:
    teas = await category()
    below = await category("green-teas", "Green teas", parent=teas)
    await upload_at(staff, f"/categories/{below}", photo())
    (card,) = pictures(await (await visit("shop")).get("/categories/teas"))
    assert len(addresses(card)) == 2
    assert card["loading"] == "lazy"


async def test_a_new_category_has_its_picture_at_once(staff: Person) -> None:
    page = await upload_at(staff, "/categories/new", photo(), slug="teas", name_en="Teas")
    assert "The category is created." in page.main
    assert (await stored()).startswith("uploaded/")
    assert await seen_by_shoppers()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<!doctype html><h1>A page</h1>", "This file is no picture that browsers show."),
        (photo(1200, 900)[:3000], "This file cannot be read as a picture."),
        (photo(99, 300), "This picture is too small."),
        (photo() + b"\0" * 6_000_000, "This file is too large. Please choose one of at most 6 MB."),
    ],
    ids=["html", "cut", "small", "bytes"],
)
async def test_a_bad_file_is_told_at_its_field_and_nothing_typed_is_lost(
    staff: Person, content: bytes, said: str
) -> None:
    teas = await category()
    drinks = await category("drinks", "Drinks")
    await upload_at(staff, f"/categories/{teas}", photo())
    before, files = await stored(), kept_files()
    typed = {"slug": "fine-teas", "name_de": "Feine Tees", "description_en": "From hills", "position": "7"}
    page = await upload_at(staff, f"/categories/{teas}", content, **typed, parent=str(drinks))
    assert page.status == 422
    assert list(page.errors) == ["picture_file"]
    assert page.errors["picture_file"].startswith(said)
    # A text area begins with a line break that browsers leave out.
    assert {name: page.typed(name).lstrip("\n") for name in typed} == typed
    assert page.typed("parent") == str(drinks)
    assert (await stored(), kept_files()) == (before, files)
    page = await staff.fill(page, {"slug": "teas"}, files={"picture_file": ("a.jpg", photo(colour="purple"))})
    assert "The category is changed." in page.main
    assert await stored() not in ("", before)


async def test_a_picture_stays_chosen_while_another_field_is_corrected(staff: Person) -> None:
    teas = await category()
    page = await upload_at(staff, f"/categories/{teas}", photo(), position="first")
    assert list(page.errors) == ["position"]
    assert addresses(pictures(page)[0])
    assert await stored() == ""
    page = await staff.fill(page, {"position": "1"})
    assert "The category is changed." in page.main
    assert await seen_by_shoppers()


async def test_a_picture_that_was_deleted_meanwhile_is_chosen_once_more(staff: Person) -> None:
    teas = await category()
    page = await upload_at(staff, f"/categories/{teas}", photo(), position="first")
    grow_old()
    assert await delete_unused_pictures() == 2
    page = await staff.fill(page, {"position": "1"})
    assert page.errors == {"picture": "The picture is no longer there. Please choose it once more."}
    assert await stored() == ""


async def test_what_was_never_uploaded_is_no_picture(staff: Person) -> None:
    teas = await category()
    page = await send(staff, f"/categories/{teas}", {"picture": "../../etc/passwd"})
    assert (page.status, list(page.errors)) == (422, ["picture"])
    assert await stored() == ""


async def test_a_picture_that_only_a_category_has_is_not_deleted(staff: Person) -> None:
    teas = await category()
    await product("T-1", of=teas)
    await upload_at(staff, f"/categories/{teas}", photo())
    await upload(staff, "T-1", photo(colour="purple"))
    grow_old()
    assert await delete_unused_pictures() == 0
    await send(staff, "/products/T-1", {"remove_picture": "on"})
    grow_old()
    assert await delete_unused_pictures() == 2
    assert len(await seen_by_shoppers()) == len(kept_files()) == 2


async def test_a_category_and_a_product_share_a_picture_and_each_keeps_it(staff: Person) -> None:
    teas = await category()
    await product("T-1", of=teas)
    await upload_at(staff, f"/categories/{teas}", photo())
    await upload(staff, "T-1", photo())
    await send(staff, f"/categories/{teas}", {"remove_picture": "on"})
    grow_old()
    assert await delete_unused_pictures() == 0
    assert len(kept_files()) == 2


async def test_a_replaced_picture_is_there_for_a_day_and_then_deleted(staff: Person) -> None:
    teas = await category()
    await upload_at(staff, f"/categories/{teas}", photo())
    before = kept_files()
    grow_old()
    await upload_at(staff, f"/categories/{teas}", photo(colour="purple"))
    assert await delete_unused_pictures() == 0
    assert before < kept_files()
    grow_old()
    assert await delete_unused_pictures() == len(before) == 2
    assert kept_files().isdisjoint(before)
    assert await seen_by_shoppers()


async def test_a_picture_is_taken_away(staff: Person) -> None:
    teas = await category()
    await upload_at(staff, f"/categories/{teas}", photo())
    page = await send(staff, f"/categories/{teas}", {"remove_picture": "on"})
    assert "The category is changed." in page.main
    assert pictures(await staff.get(f"/categories/{teas}")) == []
    assert pictures(await (await visit("shop")).get("/categories/teas")) == []
    grow_old()
    assert await delete_unused_pictures() == 2
    assert kept_files() == set()


@pytest.mark.parametrize("kind", ["product", "category"])
async def test_what_is_deleted_leaves_its_picture_for_a_day(staff: Person, kind: str) -> None:
    teas = await category()
    path = f"/categories/{teas}"
    if kind == "product":
        await product("T-1", of=teas)
        path = "/products/T-1"
    await upload_at(staff, path, photo())
    grow_old()
    page = await staff.fill(await staff.get(f"{path}/delete"), {"confirmed": "yes"})
    assert f"The {kind} is deleted." in page.main
    assert await delete_unused_pictures() == 0
    grow_old()
    assert await delete_unused_pictures() == 2


async def test_of_two_who_edit_a_category_the_slower_one_keeps_the_chosen_picture(staff: Person) -> None:
    teas = await category()
    page = await staff.get(f"/categories/{teas}")
    await upload_at(staff, f"/categories/{teas}", photo())
    first = await stored()
    files = {"picture_file": ("a.jpg", photo(colour="purple"))}
    page = await staff.fill(page, {"name_en": "Mine"}, files=files)
    assert page.status == 409
    assert page.errors["picture"] == "Stored now: another picture"
    assert await stored() == first
    await staff.fill(page, {"name_en": "Mine"})
    assert await stored() not in ("", first)


async def test_who_changed_what_picture_is_recorded(staff: Person) -> None:
    teas = await category()
    await upload_at(staff, f"/categories/{teas}", photo())
    row = await DB.fetch_row(
        "SELECT before::text AS before, after::text AS after FROM audit_entries"
        " WHERE action = 'category changed'"
    )
    assert row is not None
    assert await stored() in row["after"]
    assert await stored() not in row["before"]


async def test_only_who_looks_after_the_catalog_uploads_pictures(database: str) -> None:
    teas = await category()
    clerk = await (await people.staff_member("clerk@example.com", privileges=("orders",))).signed_in()
    for path in (f"/categories/{teas}", "/categories/new", f"/categories/{uuid.uuid4()}"):
        page = await clerk.post(path, {"name_en": "x"}, files={"picture_file": ("a.jpg", photo())})
        assert page.status in (403, 404)
    assert kept_files() == set()


async def test_larger_forms_are_read_from_staff_only(staff: Person) -> None:
    teas = await category()
    content = photo() + b"\0" * 2_000_000
    person = await visit("shop")
    for path in (f"/categories/{teas}", "/categories/new"):
        answer = await person.post(path, {}, files={"picture_file": ("a.jpg", content)})
        assert answer.status == 413
    page = await upload_at(staff, f"/categories/{teas}", content)
    assert "The category is changed." in page.main
