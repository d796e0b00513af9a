"""The catalog: categories, products, catalog views (domain.md 8)."""

from enum import StrEnum

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    Boolean,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.columns.reference import LazyTableReference
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.keys import new_key


class Category(Table, tablename="categories"):
    """A node of the category tree; texts by language."""

    id = UUID(primary_key=True, default=new_key)
    slug = Varchar(length=80, unique=True)
    parent: "ForeignKey[Category]" = ForeignKey(
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
    # A path below static/, or of an uploaded picture (app/uploaded_pictures.py).
    picture = Varchar(length=200, default="")
    version = Integer(default=1)


class Product(Table, tablename="products"):
    """Something that is sold. Its prices stand in price lists, never here.

    The database keeps one more column, `sort_names`: by language what the name is sorted by (tables/migrations).
    """

    id = UUID(primary_key=True, default=new_key)
    sku = Varchar(length=60)
    # Comparison ignores case and Unicode form.
    sku_canonical = Varchar(length=80, unique=True)
    category = ForeignKey(Category, null=False, on_delete=OnDelete.restrict, index=True)
    names = JSONB(default="{}")
    descriptions = JSONB(default="{}")
    # A path below static/, or of an uploaded picture (app/uploaded_pictures.py); what it shows, by language.
    picture = Varchar(length=200, default="")
    picture_texts = JSONB(default="{}")
    # A class of app.prices.tax, for example "standard" or "reduced".
    tax_class = Varchar(length=20, default="standard")
    # What one piece is, in words by language: {"en": "10 boxes x 20 bags"}
    units = JSONB(default="{}")
    stock = Integer(default=0)
    minimum_quantity = Integer(default=1)
    step_quantity = Integer(default=1)
    is_active = Boolean(default=True)
    # What full-text search looks at, and its three-letter pieces for typing errors: kept by app.catalog.
    search_text = Text(default="")
    search_pieces = Array(base_column=Varchar(length=3), default=list)
    version = Integer(default=1)
    created_at = Timestamptz(index=True)


class CatalogView(Table, tablename="catalog_views"):
    """What a target group sees: nothing, and of that what its rules include and do not exclude again."""

    id = Varchar(length=60, primary_key=True)
    name = Varchar(length=200)
    description = Text(default="")
    is_active = Boolean(default=True)
    version = Integer(default=1)


class ViewRuleAction(StrEnum):
    """What a rule does with its category or product."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class CatalogViewRule(Table, tablename="catalog_view_rules"):
    """One rule of a view: a category with all below it, or one product; neither means the whole catalog."""

    id = UUID(primary_key=True, default=new_key)
    view = ForeignKey(CatalogView, null=False, on_delete=OnDelete.cascade, index=True)
    action = Varchar(length=10, choices=ViewRuleAction)
    category = ForeignKey(Category, null=True, default=None, on_delete=OnDelete.restrict, index=True)
    product = ForeignKey(Product, null=True, default=None, on_delete=OnDelete.restrict, index=True)

    one_rule_for_each = Unique([view, action, category, product], nulls_distinct=False)
