"""The sitemap names what strangers see."""

import pytest
from lxml import etree

from app.catalog import sitemap
from tests.browser_like import visit
from tests.catalog.shelf import shelf

NAMESPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def test_the_sitemap_names_home_categories_and_products(database: str) -> None:
    made = await shelf()
    await made.product("T&1", "Tea")
    response = await (await visit()).client.get("/sitemap.xml")
    assert response.headers["content-type"].startswith("application/xml")
    addresses = [one.text for one in etree.fromstring(response.content).iter(f"{NAMESPACE}loc")]
    assert addresses == [
        "http://localhost:8000/",
        "http://localhost:8000/categories/beverages",
        "http://localhost:8000/products/T%261",
    ]


async def test_a_large_shop_has_several(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await shelf()
    for number in range(4):
        await made.product(f"T-{number}", "Tea")
    monkeypatch.setattr(sitemap, "MOST_ADDRESSES", 4)
    client = (await visit()).client
    index = etree.fromstring((await client.get("/sitemap.xml")).content)
    parts = [one.text for one in index.iter(f"{NAMESPACE}loc")]
    assert parts == [f"http://localhost:8000/sitemap.xml?page={number}" for number in (1, 2)]
    counts = [len(etree.fromstring((await client.get(part)).content)) for part in parts]
    assert counts == [4, 2]
    for nonsense in ("0", "3", "x", "9" * 30):
        assert (await client.get(f"/sitemap.xml?page={nonsense}")).status_code == 404
