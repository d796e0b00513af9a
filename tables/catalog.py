"""The catalog: for now its categories (domain.md 8)."""

from piccolo.columns import JSONB, UUID, ForeignKey, Integer, Varchar
from piccolo.columns.base import OnDelete
from piccolo.columns.reference import LazyTableReference
from piccolo.table import Table

from tables.keys import new_key


class Category(Table, tablename="categories"):
    """A node of the category tree; texts by language."""

    id = UUID(primary_key=True, default=new_key)
    slug = Varchar(length=80, unique=True)
    parent: ForeignKey["Category"] = ForeignKey(
        LazyTableReference("Category", module_path="tables.catalog"),
        null=True,
        default=None,
        on_delete=OnDelete.restrict,
        index=True,
    )
    position = Integer(default=0)
    # {"en": "Beverages", "de": "Getränke"}
    names = JSONB(default="{}")
    descriptions = JSONB(default="{}")
    picture = Varchar(length=200, default="")
