"""The products of the demo shop."""

from pathlib import Path

import pytest

from app.demo.products import products
from app.demo.units import unit_texts
from tables.engine import DB

STATIC = Path(__file__).parent.parent.parent / "static"


@pytest.mark.usefixtures("demo_shop")
async def test_all_77_products_are_there_with_category_stock_and_price() -> None:
    rows = await DB.fetch(
        "SELECT p.sku, c.slug, p.names ->> 'en' AS name, p.stock, p.tax_class, e.amount, p.is_active"
        " FROM products p JOIN categories c ON c.id = p.category JOIN price_entries e ON e.product = p.id"
        " WHERE e.price_list = 'AllConsumersPriceList' ORDER BY p.sku"
    )
    assert len(rows) == 77
    found = {row.pop("sku"): tuple(row.values()) for row in rows}
    assert found["NW-001"] == ("beverages", "Chai", 39, "standard", 1800, True)
    assert found["NW-029"] == ("meat-poultry", "Thüringer Rostbratwurst", 0, "reduced", 12379, True)
    assert found["NW-077"] == ("condiments", "Original Frankfurter grüne Soße", 32, "reduced", 1300, True)


def test_every_product_has_its_picture_and_texts_in_both_languages() -> None:
    assert [one.number for one in products()] == list(range(1, 78))
    for one in products():
        assert (STATIC / "pictures" / "products" / f"{one.icon}.svg").is_file(), one.sku
        for texts in (one.names, one.descriptions, one.units):
            assert texts["en"], one.sku
            assert texts["de"], one.sku


@pytest.mark.parametrize(
    ("given", "english", "german"),
    [
        ("10 boxes x 20 bags", "10 boxes of 20 bags", "10 Schachteln à 20 Beutel"),
        ("24 - 12 oz bottles", "24 bottles of 12 oz", "24 Flaschen à 12 oz"),
        ("24 - 0.5 l bottles", "24 bottles of 0.5 l", "24 Flaschen à 0,5 l"),
        ("50 bags x 30 sausgs.", "50 bags of 30 sausages", "50 Beutel à 30 Würste"),
        ("24 - 250 g  jars", "24 jars of 250 g", "24 Gläser à 250 g"),
        ("750 cc per bottle", "bottle of 750 ml", "Flasche à 750 ml"),
        ("1k pkg.", "pack of 1 kg", "Packung à 1 kg"),
        ("30 gift boxes", "30 gift boxes", "30 Geschenkschachteln"),
        ("48 pieces", "48 pieces", "48 Stück"),
        ("500 ml", "500 ml", "500 ml"),
    ],
)
def test_units_are_said_in_words(given: str, english: str, german: str) -> None:
    assert unit_texts(given) == {"en": english, "de": german}


def test_a_unit_without_words_is_an_error() -> None:
    with pytest.raises(ValueError, match="crates"):
        unit_texts("12 crates")
