"""The categories of the demo shop, in the order and with the contents of the Northwind sample data."""

import msgspec

from app.versions import Subject, raise_version
from tables.engine import DB
from tables.keys import new_key

# slug, English name and description, German name and description
CATEGORIES = (
    (
        "beverages",
        "Beverages",
        "Coffees, teas, ales and soft drinks, from the first cup to the last round.",
        "Getränke",
        "Kaffee, Tee, Bier und Erfrischungen – von der ersten Tasse bis zur letzten Runde.",
    ),
    (
        "condiments",
        "Condiments",
        "Sweet and savoury sauces, relishes, spreads and seasonings.",
        "Würzmittel",
        "Süße und herzhafte Soßen, Relishes, Aufstriche und Gewürze.",
    ),
    (
        "confections",
        "Confections",
        "Chocolate, biscuits, sweet breads and something for the tea table.",
        "Süßwaren",
        "Schokolade, Gebäck, süße Brote und etwas für den Teetisch.",
    ),
    (
        "dairy-products",
        "Dairy products",
        "Cheeses from small dairies, mild to strong, soft to hard.",
        "Milchprodukte",
        "Käse aus kleinen Molkereien, mild bis kräftig, weich bis hart.",
    ),
    (
        "grains-cereals",
        "Grains and cereals",
        "Breads, crackers, pasta and cereals for every day.",
        "Getreideprodukte",
        "Brot, Knäckebrot, Nudeln und Getreide für jeden Tag.",
    ),
    (
        "meat-poultry",
        "Meat and poultry",
        "Prepared meats, sausages and pies from butchers we know.",
        "Fleisch und Geflügel",
        "Fleischwaren, Würste und Pasteten von Metzgern, die wir kennen.",
    ),
    (
        "produce",
        "Produce",
        "Dried fruit, tofu and what fields and orchards give.",
        "Obst und Gemüse",
        "Trockenobst, Tofu und was Felder und Gärten geben.",
    ),
    (
        "seafood",
        "Seafood",
        "Fish, shellfish and seaweed, smoked, pickled and salted.",
        "Fisch und Meeresfrüchte",
        "Fisch, Muscheln und Algen – geräuchert, eingelegt und gesalzen.",
    ),
)

_INSERT = """
    INSERT INTO categories (id, slug, position, names, descriptions, picture)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (slug) DO NOTHING
"""


async def add_categories() -> int:
    """Adds the categories that are missing, in the current transaction; how many those were."""
    added = 0
    for position, (slug, name, description, german_name, german_description) in enumerate(CATEGORIES, 1):
        added += await DB.execute(
            _INSERT,
            new_key(),
            slug,
            position,
            _texts(name, german_name),
            _texts(description, german_description),
            f"pictures/categories/{slug}.svg",
        )
    if added:
        await raise_version(Subject.CATALOG)
    return added


def _texts(english: str, german: str) -> str:
    return msgspec.json.encode({"en": english, "de": german}).decode()
