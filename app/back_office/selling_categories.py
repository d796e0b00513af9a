"""Categories in the back office."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.audit import record
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import LongTexts, Names, WholeNumber, by_language, filled_with
from app.back_office.selling_lists import Row, ShownList, list_page
from app.back_office.selling_pictures import (
    picture_choice,
    picture_is_gone,
    read_form_with_picture,
    words_for_pictures,
)
from app.back_office.selling_products import category_choices
from app.back_office.selling_uses import delete_page_of_used
from app.back_office.stale_form import stale_form
from app.catalog.categories import Node, read_categories
from app.catalog.edit_category import (
    CategoryDetails,
    CategoryInUse,
    CategoryRefused,
    SlugTaken,
    change_category,
    create_category,
    delete_category,
)
from app.catalog.uses import uses_of_category
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Form, Group, Text, blank
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB

CATALOG = staff(Privilege.CATALOG)


class CategoryForm(Form):
    """A category."""

    slug: Annotated[str, Text(max_length=80)]
    name: Annotated[Names, Group(prefix="name_")]
    description: Annotated[LongTexts, Group(prefix="description_")]
    parent: Annotated[str, Text(required=False)]
    position: Annotated[Any, WholeNumber(required=False, at_most=10_000)]
    # What the category has, or what was just uploaded for it.
    picture: Annotated[str, Text(required=False)]
    version: Annotated[Any, WholeNumber(required=False)]


@get("/categories", name="back_office_categories", guards=[CATALOG])
async def categories(visitor: CurrentVisitor) -> Page:
    """The tree of categories."""
    links, tree = links_of(visitor.application), await read_categories()
    rows = await DB.fetch("SELECT category, count(*) AS count FROM products GROUP BY category")
    counts = {row["category"]: row["count"] for row in rows}
    return list_page(
        ShownList(
            route="back_office_categories",
            heading=_("Categories"),
            lead=_("How the shop is arranged. Those below others are marked by a dash."),
            headings=[_("Name"), _("Address"), _("Products")],
            rows=[
                Row(
                    href=links.path("back_office_category", category_id=key),
                    cells=[name, tree.by_id[uuid.UUID(key)].slug, str(counts.get(uuid.UUID(key), 0))],
                )
                for key, name in await category_choices()
            ],
            new="new_category",
            new_text=_("Create a category"),
        )
    )


@get("/categories/new", name="new_category", guards=[CATALOG])
async def new_category() -> Page:
    """The form of a new category."""
    return await _page(blank(CategoryForm, position="0"), None)


@post("/categories/new", name="create_category", guards=[CATALOG])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a category."""
    form = await read_form_with_picture(request, CategoryForm)
    if form.is_valid and await _is_kept(form, None, visitor):
        return see(request, "back_office_categories", flash=Flash(_("The category is created.")))
    return await _page(form, None, status_code=422)


@get("/categories/{category_id:uuid}", name="back_office_category", guards=[CATALOG])
async def category(category_id: FromPath[uuid.UUID]) -> Page:
    """The form of a category; 404 where there is none."""
    return await _page(filled_with(CategoryForm, await _as_typed(category_id)), category_id)


@post("/categories/{category_id:uuid}", name="change_category", guards=[CATALOG])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, category_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Changes a category."""
    node = await _node(category_id)
    form = await read_form_with_picture(request, CategoryForm)
    try:
        if form.is_valid and await _is_kept(form, node, visitor):
            return see(request, "back_office_categories", flash=Flash(_("The category is changed.")))
    except Conflict:
        now, names = await _as_typed(category_id), dict(await category_choices())
        stale = stale_form(CategoryForm, form, now, names | words_for_pictures(form, now))
        return await _page(stale, category_id, status_code=409)
    return await _page(form, category_id, status_code=422)


@get("/categories/{category_id:uuid}/delete", name="delete_category_page", guards=[CATALOG])
async def ask_delete(visitor: CurrentVisitor, category_id: FromPath[uuid.UUID]) -> Page:
    """Asks before a category is deleted."""
    node, links = await _node(category_id), links_of(visitor.application)
    uses = await uses_of_category(category_id)
    told = _("Only an empty category can be deleted: move its products and the categories in it first.")
    return delete_page_of_used(
        _("Delete the category %(slug)s?", slug=node.slug),
        told,
        links.path("delete_category", category_id=category_id),
        links.path("back_office_category", category_id=category_id),
        uses,
        links,
        blocked=_("What stands below is for this category. Change that first.") if uses else "",
    )


@post("/categories/{category_id:uuid}/delete", name="delete_category", guards=[CATALOG])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, category_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes an empty category."""
    node = await _node(category_id)
    try:
        async with DB.transaction():
            await delete_category(category_id)
            await record("category deleted", visitor=visitor, before={"slug": node.slug})
    except CategoryInUse:
        told = _("Something stands in the category or is for it, so it is not deleted.")
        return see(request, "back_office_category", category_id=category_id, flash=Flash(told, "warning"))
    return see(request, "back_office_categories", flash=Flash(_("The category is deleted.")))


async def _node(category_id: uuid.UUID) -> Node:
    node = (await read_categories()).by_id.get(category_id)
    if node is None:
        raise NotFoundException
    return node


async def _as_typed(category_id: uuid.UUID) -> dict[str, str]:
    """A category as the fields of its form show it. Raises NotFoundException."""
    # The version is read first: what is newer than it is noticed when the form comes back.
    row = await DB.fetch_row("SELECT position, version FROM categories WHERE id = $1", category_id)
    node = await _node(category_id)
    if row is None:
        raise NotFoundException
    return {
        "slug": node.slug,
        "name_en": node.names.get("en", ""),
        "name_de": node.names.get("de", ""),
        "description_en": node.descriptions.get("en", ""),
        "description_de": node.descriptions.get("de", ""),
        "parent": str(node.parent or ""),
        "position": str(row["position"]),
        "picture": node.picture,
        "version": str(row["version"]),
    }


async def _is_kept(form: FilledForm[CategoryForm], node: Node | None, visitor: Visitor) -> bool:
    """Creates or changes the category as the form says; False with errors noted. Raises Conflict."""
    data = form.data
    if data.parent and data.parent not in dict(await category_choices()):
        form.add_error("parent", _("Please choose one of the options."))
        return False
    details = CategoryDetails(
        slug=data.slug,
        names=by_language(data.name, node.names if node else None),
        descriptions=by_language(data.description, node.descriptions if node else None),
        parent=uuid.UUID(data.parent) if data.parent else None,
        position=data.position or 0,
        picture=data.picture,
    )
    try:
        async with DB.transaction():
            if node is None:
                await create_category(details)
                await record("category created", visitor=visitor, after={"slug": data.slug})
            else:
                await change_category(node.id, details, version=data.version or 0)
                before = {"slug": node.slug, "picture": node.picture}
                after = {"slug": data.slug, "picture": data.picture}
                await record("category changed", visitor=visitor, before=before, after=after)
    except SlugTaken:
        form.add_error("slug", _("Another category has this address."))
    except CategoryRefused as error:
        told = {
            "slug": _("Please use small letters, digits and single hyphens."),
            "parent": _("A category cannot stand below itself."),
            "picture": picture_is_gone(),
        }
        form.add_error(
            {"names": "name_en"}.get(error.field, error.field), told.get(error.field, _("This cannot be."))
        )
    return not form.errors


async def _page(
    form: FilledForm[CategoryForm], category_id: uuid.UUID | None, status_code: int = 200
) -> Page:
    return Page(
        "back_office/selling/category.html",
        status_code=status_code,
        form=form,
        category_id=category_id,
        parents=[("", _("None: it stands at the top")), *await category_choices()],
        **picture_choice(form),
    )


routes = [categories, new_category, create, category, change, ask_delete, delete]
