"""The picture of a product, as staff upload it, describe it, replace it and take it away."""

import re
import struct
import zlib
from io import BytesIO
from shutil import rmtree
from typing import Any

import pytest
from PIL import Image

from app.catalog.pictures import delete_unused_pictures
from app.uploaded_pictures import picture_folder
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import category, product, send
from tests.browser_like import Person, SeenPage, visit
from tests.catalog.photos import grow_old, kept_files, photo, upload

pytestmark = pytest.mark.usefixtures("no_pictures")


async def stored() -> str:
    found = await DB.fetch_value("SELECT picture FROM products WHERE sku = 'T-1'")
    assert isinstance(found, str)
    return found


def shown(page: SeenPage) -> Any:
    """The picture on the page of a product, in the shop or in the back office."""
    found = page.tree.find(".//main//img")
    return found.attrib if found is not None else None


def addresses(page: SeenPage) -> dict[int, str]:
    """The addresses of the sizes by their width."""
    return {
        int(width): address for address, width in re.findall(r"(\S+) (\d+)w", shown(page).get("srcset", ""))
    }


@pytest.mark.parametrize(("kind", "name"), [("JPEG", "a.jpg"), ("PNG", "b.PNG"), ("WEBP", "c.webp")])
async def test_a_picture_is_uploaded_and_shown_in_sizes_for_phones_and_desktops(
    staff: Person, kind: str, name: str
) -> None:
    await product("T-1")
    page = await upload(staff, "T-1", photo(2000, 1500, kind), name)
    assert "The product is changed." in page.main
    person = await visit("shop")
    page = await person.get("/products/T-1")
    assert (shown(page)["width"], shown(page)["height"]) == ("1280", "960")
    assert shown(page)["sizes"]
    sizes = addresses(page)
    assert list(sizes) == [320, 640, 1280]
    assert shown(page)["src"] == sizes[640]
    for width, address in sizes.items():
        answer = await person.client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "set-cookie" not in answer.headers
        assert Image.open(BytesIO(answer.content)).size == (width, width * 3 // 4)
        again = await person.client.get(address, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    card = (await person.get("/categories/category-t-1")).tree.find(".//main//li//img")
    assert card.get("srcset") == shown(page)["srcset"]
    assert (card.get("alt"), card.get("loading"), card.get("width")) == ("", "lazy", "1280")


async def test_a_small_picture_is_not_made_larger(staff: Person) -> None:
    await product("T-1")
    await upload(staff, "T-1", photo(400, 300))
    assert list(addresses(await staff.get("/products/T-1"))) == [320, 400]


@pytest.mark.parametrize(("width", "height"), [(100, 20_000), (20_000, 100)])
async def test_a_picture_that_is_long_and_narrow_is_one_too(staff: Person, width: int, height: int) -> None:
    await product("T-1")
    page = await upload(staff, "T-1", photo(width, height))
    assert "The product is changed." in page.main, page.errors
    person = await visit("shop")
    sizes = addresses(await person.get("/products/T-1"))
    assert sizes
    for address in sizes.values():
        assert (await person.client.get(address)).status_code == 200
    await send(staff, "/products/T-1", {"remove_picture": "on"})
    grow_old()
    assert await delete_unused_pictures() == len(sizes)
    assert kept_files() == set()


async def test_a_new_product_has_its_picture_at_once(staff: Person) -> None:
    teas = await category()
    page = await staff.get("/products/new")
    fields = {"sku": "T-1", "category": str(teas), "name_en": "Green tea"}
    page = await staff.fill(page, fields, files={"picture_file": ("tea.jpg", photo())})
    assert "The product is created." in page.main
    assert (await stored()).startswith("uploaded/")
    assert addresses(await (await visit("shop")).get("/products/T-1"))


async def test_what_a_picture_shows_is_said_in_each_language(staff: Person) -> None:
    await product("T-1", picture="pictures/products/bread.svg")
    texts = {"picture_text_en": "A tin of tea", "picture_text_de": "Eine Dose Tee"}
    page = await upload(staff, "T-1", photo(), **texts)
    assert page.typed("picture_text_de") == "Eine Dose Tee"
    for language, said in (("en", "A tin of tea"), ("de", "Eine Dose Tee")):
        assert shown(await (await visit("shop", language=language)).get("/products/T-1"))["alt"] == said
    await send(staff, "/products/T-1", {"picture_text_de": ""})
    assert shown(await (await visit("shop", language="de")).get("/products/T-1"))["alt"] == "A tin of tea"


async def test_a_picture_stands_upright_and_tells_nothing_of_where_it_was_taken(staff: Person) -> None:
    await product("T-1")
    about = Image.Exif()
    about[0x0112] = 6  # held upright, so that the upper left corner comes to stand at the upper right
    about[0x010F] = "Camera of Ines"
    about.get_ifd(0x8825)[1] = "N"
    await upload(staff, "T-1", photo(400, 300, exif=about.tobytes()))
    page = await (await visit("shop")).get("/products/T-1")
    assert (shown(page)["width"], shown(page)["height"]) == ("300", "400")
    content = (await (await visit("shop")).client.get(addresses(page)[300])).content
    seen = Image.open(BytesIO(content))
    assert not seen.getexif()
    assert b"Camera" not in content
    red, green, blue = seen.convert("RGB").getpixel((290, 10))  # type: ignore[misc]  # three of them
    assert (red > 200, blue < 90) == (True, True), (red, green, blue)


async def test_what_shines_through_still_does(staff: Person) -> None:
    await product("T-1")
    written = BytesIO()
    Image.new("RGBA", (200, 200), (255, 0, 0, 0)).save(written, "PNG")
    await upload(staff, "T-1", written.getvalue(), "a.png")
    page = await (await visit("shop")).get("/products/T-1")
    content = (await (await visit("shop")).client.get(addresses(page)[200])).content
    assert Image.open(BytesIO(content)).getpixel((100, 100))[3] == 0  # type: ignore[index]  # red, green, blue, alpha


def png_that_says(width: int, height: int) -> bytes:
    """A few bytes that would become very many."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 100_000)) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="500" height="500"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (photo(kind="GIF"), "photo.jpg", "This file is no picture that browsers show."),
        (b"GIF89a<script>alert(1)</script>", "photo.gif", "This file is no picture that browsers show."),
        (b"<!doctype html><h1>A page</h1>", "photo.png", "This file is no picture that browsers show."),
        (SVG, "photo.svg", "This file is no picture that browsers show."),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "photo.jpg", "This file is no picture"),
        (photo(1200, 900)[:3000], "photo.jpg", "This file cannot be read as a picture."),
        (photo(kind="PNG")[:200], "photo.png", "This file cannot be read as a picture."),
        (b"", "photo.jpg", "This file is no picture that browsers show."),
        (photo(99, 300), "photo.jpg", "This picture is too small."),
        (png_that_says(8000, 5001), "photo.png", "This picture has too many pixels."),
        (png_that_says(2_000_000, 2_000_000), "photo.png", "This picture has too many pixels."),
        (
            photo() + b"\0" * 6_000_000,
            "photo.jpg",
            "This file is too large. Please choose one of at most 6 MB.",
        ),
    ],
    ids=[
        *(
            "gif",
            "broken-gif",
            "html",
            "svg",
            "postscript",
            "cut-jpeg",
            "cut-png",
            "empty",
            "small",
            "pixels",
        ),
        *("bomb", "bytes"),
    ],
)
async def test_a_bad_file_is_told_at_its_field_and_nothing_typed_is_lost(
    staff: Person, content: bytes, name: str, said: str
) -> None:
    await product("T-1", picture="pictures/products/bread.svg")
    page = await upload(staff, "T-1", content, name, name_en="Typed anew", picture_text_en="Bread")
    assert page.status == 422
    assert list(page.errors) == ["picture_file"]
    assert page.errors["picture_file"].startswith(said)
    assert (page.typed("name_en"), page.typed("picture_text_en")) == ("Typed anew", "Bread")
    assert await stored() == "pictures/products/bread.svg"
    assert kept_files() == set()
    page = await staff.fill(page, {"name_en": "Typed again"}, files={"picture_file": ("a.jpg", photo())})
    assert "The product is changed." in page.main


async def test_a_file_that_is_cut_off_after_its_head_is_none(staff: Person) -> None:
    await product("T-1")
    page = await upload(staff, "T-1", photo(1200, 900, "WEBP")[:60], "a.webp")
    assert page.status == 422
    assert "picture_file" in page.errors


async def test_a_picture_stays_chosen_while_another_field_is_corrected(staff: Person) -> None:
    await product("T-1")
    page = await upload(staff, "T-1", photo(), stock="many")
    assert list(page.errors) == ["stock"]
    assert addresses(page)
    assert await stored() == ""
    grow_old(0.9)
    assert await delete_unused_pictures() == 0
    page = await staff.fill(page, {"stock": "7"})
    assert "The product is changed." in page.main
    assert addresses(await (await visit("shop")).get("/products/T-1"))


async def test_a_picture_that_was_deleted_meanwhile_is_chosen_once_more(staff: Person) -> None:
    await product("T-1")
    page = await upload(staff, "T-1", photo(), stock="many")
    grow_old()
    assert await delete_unused_pictures() == 2
    page = await staff.fill(page, {"stock": "7"})
    assert page.errors == {"picture": "The picture is no longer there. Please choose it once more."}
    assert await stored() == ""


async def test_a_product_whose_picture_got_lost_can_still_be_changed(staff: Person) -> None:
    await product("T-1")
    await upload(staff, "T-1", photo())
    rmtree(picture_folder())
    assert "The product is changed." in (await send(staff, "/products/T-1", {"name_en": "Tea"})).main
    assert (await (await visit("shop")).get("/products/T-1")).status == 200
    await upload(staff, "T-1", photo())
    assert len(kept_files()) == 2


async def test_a_replaced_picture_is_there_for_a_day_and_then_deleted(staff: Person) -> None:
    await product("T-1")
    await upload(staff, "T-1", photo(colour="teal"))
    before = kept_files()
    grow_old()
    assert await delete_unused_pictures() == 0
    await upload(staff, "T-1", photo(colour="purple"))
    assert await delete_unused_pictures() == 0
    assert before < kept_files()
    grow_old()
    assert await delete_unused_pictures() == len(before) == 2
    assert kept_files().isdisjoint(before)
    for address in addresses(await (await visit("shop")).get("/products/T-1")).values():
        assert (await (await visit("shop")).client.get(address)).status_code == 200


async def test_the_picture_of_a_deleted_product_is_there_for_a_day(staff: Person) -> None:
    await product("T-1")
    await upload(staff, "T-1", photo())
    before = kept_files()
    grow_old()
    await staff.fill(await staff.get("/products/T-1/delete"), {})
    assert await DB.fetch_value("SELECT count(*) FROM products") == 0
    assert await delete_unused_pictures() == 0
    assert kept_files() == before
    grow_old()
    assert await delete_unused_pictures() == len(before)


async def test_a_picture_is_taken_away_and_that_of_the_category_is_shown(staff: Person) -> None:
    await product("T-1")
    await DB.execute("UPDATE categories SET picture = 'pictures/categories/beverages.svg'")
    await upload(staff, "T-1", photo(), picture_text_en="A tin of tea")
    page = await send(staff, "/products/T-1", {"remove_picture": "on"})
    assert "The product is changed." in page.main
    assert shown(page) is None
    seen = shown(await (await visit("shop")).get("/products/T-1"))
    assert ("beverages" in seen["src"], seen["alt"], seen["width"]) == (True, "", "256")
    grow_old()
    assert await delete_unused_pictures() == 2
    assert kept_files() == set()


async def test_two_products_share_a_picture_and_each_keeps_it(staff: Person) -> None:
    for sku in ("T-1", "T-2"):
        await product(sku)
        await upload(staff, sku, photo())
    assert len(kept_files()) == 2
    await send(staff, "/products/T-1", {"remove_picture": "on"})
    grow_old()
    assert await delete_unused_pictures() == 0
    assert addresses(await (await visit("shop")).get("/products/T-2"))


async def test_of_two_who_edit_a_product_the_slower_one_keeps_the_chosen_picture(staff: Person) -> None:
    await product("T-1")
    page = await staff.get("/products/T-1")
    await upload(staff, "T-1", photo(colour="teal"))
    first = await stored()
    page = await staff.fill(
        page, {"name_en": "Mine"}, files={"picture_file": ("a.jpg", photo(colour="purple"))}
    )
    assert page.status == 409
    assert page.errors["picture"] == "Stored now: another picture"
    assert await stored() == first
    await staff.fill(page, {"name_en": "Mine"})
    assert await stored() not in ("", first)


async def test_who_changed_what_picture_is_recorded(staff: Person) -> None:
    await product("T-1")
    await upload(staff, "T-1", photo())
    row = await DB.fetch_row(
        "SELECT before::text AS before, after::text AS after FROM audit_entries WHERE action = 'product changed'"
    )
    assert row is not None
    assert await stored() in row["after"]
    assert await stored() not in row["before"]


async def test_only_who_looks_after_the_catalog_uploads_pictures(database: str) -> None:
    await product("T-1")
    clerk = await (await people.staff_member("clerk@example.com", privileges=("orders",))).signed_in()
    page = await clerk.post("/products/T-1", {"name_en": "x"}, files={"picture_file": ("a.jpg", photo())})
    assert page.status in (403, 404)
    assert kept_files() == set()


async def test_larger_forms_are_read_from_staff_only(staff: Person) -> None:
    await product("T-1")
    files = {"picture_file": ("a.jpg", photo() + b"\0" * 2_000_000)}
    assert (await (await visit("shop")).post("/products/T-1", {}, files=files)).status == 413
    page = await upload(staff, "T-1", *reversed(files["picture_file"]))
    assert "The product is changed." in page.main
    page = await upload(staff, "T-1", photo() + b"\0" * 7_000_000)
    assert page.status == 413
