"""Where uploaded pictures are kept: under names of their content, and no longer than somebody needs them."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from io import BytesIO
from pathlib import Path
from tempfile import mkdtemp

import pytest
from PIL import Image

from app.catalog.pictures import PictureRefused, delete_unused_pictures, keep_picture
from app.settings import settings
from app.uploaded_pictures import picture_folder, uploaded_picture
from tables.engine import DB
from tests import people
from tests.back_office.selling_cast import product
from tests.browser_like import Person, visit
from tests.catalog.photos import grow_old, kept_files, photo, upload
from tests.catalog.shelf import counted_queries
from tests.other_connection import other_connection, until_somebody_waits
from tests.patron_process import PROJECT

pytestmark = pytest.mark.usefixtures("no_pictures")


async def kept(content: bytes) -> str:
    return await keep_picture(BytesIO(content))


async def staff() -> Person:
    return await (await people.staff_member()).signed_in()


async def test_a_name_tells_content_and_size(database: str) -> None:
    teal, again, purple = [await kept(photo(colour=one)) for one in ("teal", "teal", "purple")]
    assert teal == again != purple
    found = uploaded_picture(teal)
    assert found is not None
    assert (found.width, found.height, found.widths) == (400, 300, (320, 400))
    assert kept_files() == {found.file(320), found.file(400)} | {
        one for one in kept_files() if one[:32] == purple.removeprefix("uploaded/")[:32]
    }
    assert len(kept_files()) == 4


async def test_many_who_upload_the_same_at_once_have_one_picture(database: str) -> None:
    paths = await asyncio.gather(*(kept(photo()) for _ in range(4)))
    assert len(set(paths)) == 1
    assert len(kept_files()) == 2


@pytest.mark.parametrize(
    "name",
    [
        *("..%2Fsecret_keys", "%2e%2e%2fsecret_keys", "secret_keys", ".unfinished-abc", "x.webp", "%00.webp"),
        "0123456789abcdef0123456789abcdef-400x300-320.webp",
        "0123456789abcdef0123456789abcdef-400x300-320.webp%2F..%2F..%2Fsecret_keys",
    ],
)
async def test_nothing_but_pictures_is_found_among_them(database: str, name: str) -> None:
    assert (settings().data_dir / "secret_keys").is_file()
    person = await visit("shop")
    assert (await person.client.get(f"/pictures/{name}")).status_code == 404


async def test_pictures_are_served_to_everybody_in_shops_and_to_staff_in_the_back_office(
    database: str,
) -> None:
    found = uploaded_picture(await kept(photo()))
    assert found is not None
    for application in ("shop", "business"):
        person = await visit(application)
        with counted_queries() as queries:
            answer = await person.client.get(person.address(f"/pictures/{found.file(320)}"))
        assert (answer.status_code, queries) == (200, [])
        head = await person.client.head(person.address(f"/pictures/{found.file(320)}"))
        assert (head.status_code, head.content) == (200, b"")
    stranger, clerk = await visit("back-office"), await staff()
    assert (await stranger.get(f"/catalog-pictures/{found.file(320)}")).h1 == "Sign in"
    answer = await clerk.client.get(clerk.address(f"/catalog-pictures/{found.file(320)}"))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"


async def test_a_picture_is_not_deleted_while_a_product_is_being_given_it(database: str) -> None:
    await product("T-1")
    clerk = await staff()
    await kept(photo())
    grow_old()
    async with other_connection(database) as other, other.transaction():
        await other.execute("SELECT FROM products FOR UPDATE")
        uploading = asyncio.ensure_future(upload(clerk, "T-1", photo()))
        await until_somebody_waits(uploading)
        assert await delete_unused_pictures() == 0
    assert "The product is changed." in (await uploading).main
    assert await delete_unused_pictures() == 0
    assert len(kept_files()) == 2


async def test_who_names_a_picture_waits_for_who_deletes_others(database: str) -> None:
    """From when it is known which pictures are used until the others are gone."""
    await product("T-1")
    clerk = await staff()
    page = await upload(clerk, "T-1", photo(), stock="many")
    grow_old()
    async with other_connection(database) as other, other.transaction():
        await other.execute("LOCK TABLE products IN ACCESS EXCLUSIVE MODE")
        deleting = asyncio.ensure_future(delete_unused_pictures())
        await until_somebody_waits(deleting)
        naming = asyncio.ensure_future(clerk.fill(page, {"stock": "7"}))
        await until_somebody_waits(naming, count=2)
    assert await deleting == 2
    assert (await naming).errors == {"picture": "The picture is no longer there. Please choose it once more."}


async def test_uploads_that_end_meanwhile_do_not_stop_the_deletion(database: str) -> None:
    folder, is_over = picture_folder(), threading.Event()
    await kept(photo())

    def upload_on_and_on() -> None:
        while not is_over.is_set():
            for made in [Path(mkdtemp(prefix=".unfinished-", dir=folder)) for _ in range(200)]:
                made.rmdir()

    uploading = asyncio.ensure_future(asyncio.to_thread(upload_on_and_on))
    try:
        for _ in range(100):
            assert await delete_unused_pictures() == 0
    finally:
        is_over.set()
        await uploading


async def test_a_process_that_is_killed_leaves_no_half_a_picture_and_nothing_for_good(database: str) -> None:
    await product("T-1")
    clerk = await staff()
    done = subprocess.run(
        [sys.executable, "-m", "tests.catalog.killed_while_uploading", clerk.cookie("session") or ""],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": database},
        capture_output=True,
        text=True,
        timeout=110,
    )
    tries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert tries, done.stderr
    ends = [one["status"] for one in tries]
    assert [one for one in ends if one != signal.SIGKILL] == [0, 0], done.stderr[-2000:]
    assert ends.index(0) == 2, "it was killed before each file"
    assert len(ends) > 15, "there are many steps to be killed at"
    assert all(one["is_whole"] for one in tries if one["has_picture"])
    assert not tries[0]["has_picture"]
    assert tries[-1]["has_picture"]
    assert any(one.startswith(".unfinished-") for one in kept_files())
    grow_old()
    assert await delete_unused_pictures() > 0
    used = uploaded_picture(await DB.fetch_value("SELECT picture FROM products"))
    assert used is not None
    assert kept_files() == {one.name for one in used.files}


async def test_pictures_of_telephones_with_their_own_colours_are_read(database: str) -> None:
    written = BytesIO()
    Image.new("CMYK", (300, 300), (0, 200, 200, 0)).save(written, "JPEG")
    found = uploaded_picture(await kept(written.getvalue()))
    assert found is not None
    assert Image.open(found.files[-1]).mode == "RGB"


async def test_a_picture_of_many_pixels_is_read_and_one_more_is_not(database: str) -> None:
    assert uploaded_picture(await kept(photo(8000, 5000))) is not None
    with pytest.raises(PictureRefused):
        await kept(photo(8000, 5001))


def test_serving_processes_load_neither_what_reads_pictures_nor_what_sets_invoices() -> None:
    """They take memory, and what strangers' files do to the one must not happen where pages are made."""
    loaded = (
        "import sys; from app.main import build; build();"
        " print(not {'PIL', 'fpdf', 'fontTools'}.isdisjoint(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded],
        cwd=PROJECT,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"
