"""Products in the back office."""

import uuid
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from app.access import staff
from app.audit import record
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import (
    LongTexts,
    Names,
    ShortTexts,
    WholeNumber,
    by_language,
    filled_with,
)
from app.back_office.selling_lists import (
    ON_A_PAGE,
    Row,
    ShownList,
    list_page,
    offset_of,
    page_asked_for,
    pages_of,
)
from app.back_office.selling_pictures import (
    picture_choice,
    picture_is_gone,
    read_form_with_picture,
    words_for_pictures,
)
from app.back_office.selling_uses import delete_page_of_used
from app.back_office.stale_form import stale_form
from app.catalog.categories import read_categories
from app.catalog.edit_product import (
    MOST_STOCK,
    ProductDetails,
    ProductInUse,
    ProductRefused,
    SkuTaken,
    change_product,
    create_product,
    delete_product,
)
from app.catalog.products import canonical_sku
from app.catalog.uses import uses_of_product
from app.catalog.words import words_of
from app.errors import Conflict
from app.flash import Flash
from app.forms import Choice, FilledForm, Flag, Form, Group, Text, asked_for, blank
from app.languages import current_language
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.prices.tax import TAX_CLASSES
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB

CATALOG = staff(Privilege.CATALOG)


class ProductForm(Form):
    """A product."""

    sku: Annotated[str, Text(max_length=60)]
    category: Annotated[str, Text()]
    name: Annotated[Names, Group(prefix="name_")]
    description: Annotated[LongTexts, Group(prefix="description_")]
    unit: Annotated[ShortTexts, Group(prefix="unit_")]
    # What the product has, or what was just uploaded for it.
    picture: Annotated[str, Text(required=False)]
    picture_text: Annotated[ShortTexts, Group(prefix="picture_text_")]
    tax_class: Annotated[str, Choice(options=tuple(TAX_CLASSES.items()))]
    stock: Annotated[Any, WholeNumber(at_most=MOST_STOCK)]
    # What the page showed: orders may have taken pieces since.
    shown_stock: Annotated[Any, WholeNumber(required=False, at_most=MOST_STOCK)]
    minimum_quantity: Annotated[Any, WholeNumber(at_least=1)]
    step_quantity: Annotated[Any, WholeNumber(at_least=1)]
    is_active: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]


# Columns with texts by language.
_TEXTS = ("names", "descriptions", "units", "picture_texts")
# Where what is refused of a product stands in the form.
_FIELDS = {"names": "name_en"}
_FOUND = """
    SELECT p.sku, coalesce(p.names ->> $1, p.names ->> 'en', '') AS name, p.category, p.stock, p.is_active,
           count(*) OVER () AS count
    FROM products p
    WHERE $2 = '' OR strpos(p.sku_canonical, $2) > 0
       OR (SELECT bool_and(strpos(p.search_text, word) > 0) FROM unnest($3::text[]) AS word)
    ORDER BY p.sku_canonical LIMIT $4 OFFSET $5
"""


@get("/products", name="back_office_products", guards=[CATALOG])
async def products(visitor: CurrentVisitor, q: FromQuery[str] = "", page: FromQuery[int] = 1) -> Page:
    """Products that fit the search, by SKU."""
    wanted, number = asked_for(q), page_asked_for(page)
    rows = await DB.fetch(
        _FOUND, visitor.language, canonical_sku(wanted), words_of(wanted), ON_A_PAGE, offset_of(number)
    )
    categories = dict(await category_choices())
    links = links_of(visitor.application)
    return list_page(
        ShownList(
            route="back_office_products",
            heading=_("Products"),
            lead=_("What the shop sells. Prices stand in price lists."),
            headings=[_("SKU"), _("Name"), _("Category"), _("Stock"), _("Status")],
            rows=[
                Row(
                    href=links.path("back_office_product", sku=row["sku"]),
                    cells=[
                        row["sku"],
                        row["name"],
                        categories.get(str(row["category"]), ""),
                        str(row["stock"]),
                    ],
                    badge=(_("Active"), "success") if row["is_active"] else (_("Switched off"), "neutral"),
                )
                for row in rows
            ],
            new="new_product",
            new_text=_("Create a product"),
            search_label=_("SKU, name or text"),
            q=wanted,
            page=number,
            pages=pages_of(rows[0]["count"] if rows else 0),
        )
    )


@get("/products/new", name="new_product", guards=[CATALOG])
async def new_product() -> Page:
    """The form of a new product."""
    form = blank(ProductForm, is_active="on", stock="0", minimum_quantity="1", step_quantity="1")
    return await _page(form, "")


@post("/products/new", name="create_product", guards=[CATALOG])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a product."""
    form = await read_form_with_picture(request, ProductForm)
    if form.is_valid and await _is_kept(form, None, visitor):
        return see(request, "back_office_products", flash=Flash(_("The product is created.")))
    return await _page(form, "", status_code=422)


@get("/products/{sku:str}", name="back_office_product", guards=[CATALOG])
async def product(sku: FromPath[str]) -> Page:
    """The form of a product; 404 where there is none."""
    row = await _stored(sku)
    return await _page(filled_with(ProductForm, _as_typed(row)), row["sku"])


@post("/products/{sku:str}", name="change_product", guards=[CATALOG])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, sku: FromPath[str]
) -> Response[Any]:
    """Changes a product."""
    row = await _stored(sku)
    form = await read_form_with_picture(request, ProductForm)
    if form.is_valid:
        try:
            if await _is_kept(form, row, visitor):
                return see(
                    request,
                    "back_office_product",
                    sku=form.data.sku.strip(),
                    flash=Flash(_("The product is changed.")),
                )
        except Conflict:
            stored, names = _as_typed(await _stored(sku)), dict(await category_choices())
            stale = stale_form(ProductForm, form, stored, names | words_for_pictures(form, stored))
            return await _page(stale, row["sku"], status_code=409)
    return await _page(form, row["sku"], status_code=422)


@get("/products/{sku:str}/delete", name="delete_product_page", guards=[CATALOG])
async def ask_delete(visitor: CurrentVisitor, sku: FromPath[str]) -> Page:
    """Asks before a product is deleted."""
    row = await _stored(sku)
    links = links_of(visitor.application)
    uses = await uses_of_product(row["id"])
    told = _("Its prices are deleted too. To sell it no more but keep it, switch it off instead.")
    return delete_page_of_used(
        _("Delete the product %(sku)s?", sku=row["sku"]),
        told,
        links.path("delete_product", sku=row["sku"]),
        links.path("back_office_product", sku=row["sku"]),
        uses,
        links,
        blocked=_("What stands below is for this product. Change that first.") if uses else "",
    )


@post("/products/{sku:str}/delete", name="delete_product", guards=[CATALOG])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, sku: FromPath[str]
) -> Response[Any]:
    """Deletes a product that nobody has ordered and nothing is for."""
    row = await _stored(sku)
    try:
        async with DB.transaction():
            await delete_product(row["id"], row["version"])
            await record("product deleted", visitor=visitor, before={"sku": row["sku"]})
    except ProductInUse:
        told = _("The product was ordered, or something is for it alone, so it can only be switched off.")
        return see(request, "back_office_product", sku=row["sku"], flash=Flash(told, "warning"))
    return see(request, "back_office_products", flash=Flash(_("The product is deleted.")))


async def category_choices() -> list[tuple[str, str]]:
    """(id, name) of all categories in the order of the tree, those below others after them and marked so."""
    tree = await read_categories()
    language = current_language.get()

    def below(parent: uuid.UUID | None, depth: int) -> Iterator[tuple[str, str]]:
        for one in tree.below.get(parent, ()):
            yield str(one.id), f"{'– ' * depth}{one.in_language(language).name}"
            yield from below(one.id, depth + 1)

    return list(below(None, 0))


async def product_with_sku(sku: str) -> uuid.UUID | None:
    """The id of the product with an SKU, withdrawn ones too; None where there is none."""
    found: uuid.UUID | None = await DB.fetch_value(
        "SELECT id FROM products WHERE sku_canonical = $1", canonical_sku(sku)
    )
    return found


async def sku_of(product_id: uuid.UUID | None) -> str:
    """The SKU of a product; "" for none."""
    return await DB.fetch_value("SELECT sku FROM products WHERE id = $1", product_id) or ""


async def _stored(sku: str) -> dict[str, Any]:
    row = await DB.fetch_row(
        "SELECT p.*, names::text AS names, descriptions::text AS descriptions, units::text AS units,"
        " picture_texts::text AS picture_texts FROM products p WHERE sku_canonical = $1",
        canonical_sku(sku),
    )
    if row is None:
        raise NotFoundException
    return {**row, **{one: msgspec.json.decode(row[one], type=dict[str, str]) for one in _TEXTS}}


def _as_typed(row: dict[str, Any]) -> dict[str, str | list[str]]:
    """A product as the fields of its form show it."""
    names, descriptions, units, picture_texts = (row[one] for one in _TEXTS)
    return {
        "sku": row["sku"],
        "category": str(row["category"]),
        "name_en": names.get("en", ""),
        "name_de": names.get("de", ""),
        "description_en": descriptions.get("en", ""),
        "description_de": descriptions.get("de", ""),
        "unit_en": units.get("en", ""),
        "unit_de": units.get("de", ""),
        "picture": row["picture"],
        "picture_text_en": picture_texts.get("en", ""),
        "picture_text_de": picture_texts.get("de", ""),
        "tax_class": row["tax_class"],
        "stock": str(row["stock"]),
        "shown_stock": str(row["stock"]),
        "minimum_quantity": str(row["minimum_quantity"]),
        "step_quantity": str(row["step_quantity"]),
        "is_active": "on" if row["is_active"] else "",
        "version": str(row["version"]),
    }


async def _is_kept(form: FilledForm[ProductForm], row: dict[str, Any] | None, visitor: Visitor) -> bool:
    """Creates or changes the product as the form says; False with errors noted. Raises Conflict."""
    data, stored = form.data, row or {}
    try:
        async with DB.transaction():
            stock = await _stock_now(data, row)
            details = ProductDetails(
                sku=data.sku,
                category=uuid.UUID(data.category),
                names=by_language(data.name, stored.get("names")),
                descriptions=by_language(data.description, stored.get("descriptions")),
                units=by_language(data.unit, stored.get("units")),
                picture=data.picture,
                picture_texts=by_language(data.picture_text, stored.get("picture_texts")),
                tax_class=data.tax_class,
                stock=stock,
                minimum_quantity=data.minimum_quantity,
                step_quantity=data.step_quantity,
                is_active=data.is_active,
            )
            if row is None:
                await create_product(details)
                await record("product created", visitor=visitor, after={"sku": data.sku, "stock": stock})
            else:
                await change_product(row["id"], data.version or 0, details)
                before = {one: row[one] for one in ("sku", "stock", "is_active", "picture")}
                after = {**before, "sku": data.sku, "stock": stock, "is_active": data.is_active}
                after["picture"] = data.picture
                await record("product changed", visitor=visitor, before=before, after=after)
    except SkuTaken:
        form.add_error("sku", _("Another product has this SKU."))
    except ProductRefused as error:
        told = picture_is_gone() if error.field == "picture" else _("This cannot be.")
        form.add_error(_FIELDS.get(error.field, error.field), told)
    except ValueError:
        form.add_error("category", _("Please choose one of the options."))
    return not form.errors


async def _stock_now(data: ProductForm, row: dict[str, Any] | None) -> int:
    """The stock after the change: what staff added or took away counts, not what orders took meanwhile."""
    if row is None or data.shown_stock is None:
        return int(data.stock)
    now = await DB.fetch_value("SELECT stock FROM products WHERE id = $1 FOR NO KEY UPDATE", row["id"])
    if now is None:
        raise Conflict
    return max(0, int(now + data.stock - data.shown_stock))


async def _page(form: FilledForm[ProductForm], sku: str, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/product.html",
        status_code=status_code,
        form=form,
        sku=sku,
        categories=await category_choices(),
        tax_classes=[(one, _(name)) for one, name in TAX_CLASSES.items()],
        **picture_choice(form),
    )


routes = [products, new_product, create, product, change, ask_delete, delete]
