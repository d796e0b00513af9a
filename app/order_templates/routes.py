"""The pages of order templates; only where customers have many users (pages.md)."""

import uuid
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import NotPermitted
from app.account.stale_edit import version_of
from app.basket.owner import owner_of
from app.customers.permissions import Permission, permitted
from app.flash import Flash
from app.forms import FilledForm, Form, asked_for, blank, read_form
from app.languages import gettext as _
from app.order_templates.edit_template import (
    Lines,
    TemplateRefused,
    add_to_template,
    change_template,
    change_template_line,
    create_template,
    delete_template,
    lines_of_basket,
    lines_of_order,
)
from app.order_templates.forms import (
    EMPTY,
    FROM_BASKET,
    FROM_ORDER,
    SOURCE_NAMES,
    LineForm,
    NewLineForm,
    NewTemplateForm,
    TemplateForm,
)
from app.order_templates.order_template import (
    OrderTemplate,
    TemplateMissing,
    template_lines,
    template_seen_by,
    templates_of,
)
from app.orders.order import OrderMissing
from app.orders.reorder import Wanted, put_what_is_available, told
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor

BUYERS = permitted(Permission.PURCHASE)


@get("/account/templates", name="order_templates", guards=[BUYERS])
async def templates_page(visitor: CurrentVisitor) -> Page:
    """The person's own templates and those that are shared in the company."""
    return Page("order_templates/order_templates.html", templates=await templates_of(visitor))


@get("/account/templates/new", name="new_order_template", guards=[BUYERS])
async def new_template_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Asks for the name of a template: of the basket, of an order (`order`), or an empty one."""
    order = asked_for(request.query_params.get("order", ""), 40)
    source = request.query_params.get("from", FROM_ORDER if order else "")
    return await _new_page(request, visitor, blank(NewTemplateForm, source=source, order=order))


@post("/account/templates/new", name="new_order_template_post", guards=[BUYERS])
async def make_template(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a template of what was chosen."""
    form = await read_form(request, NewTemplateForm)
    if form.is_valid:
        lines = await _lines(request, visitor, form.data.source, form.data.order)
        try:
            made = await create_template(visitor, form.data.name, is_shared=form.data.is_shared, lines=lines)
        except TemplateRefused as refused:
            form.add_error("", str(refused))
        else:
            said = _("The order template “%(name)s” is saved.", name=form.data.name)
            return see(request, "order_template", template_id=made, flash=Flash(said))
    return await _new_page(request, visitor, form, 422)


@get("/account/templates/{template_id:uuid}", name="order_template", guards=[BUYERS])
async def template_page(visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]) -> Page:
    """What is in a template, at today's state of the shop."""
    template = await _template(visitor, template_id)
    return await _page(visitor, template, blank(NewLineForm))


@post("/account/templates/{template_id:uuid}/basket", name="order_template_to_basket", guards=[BUYERS])
async def put_into_basket(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Puts what is available of a template into the basket and tells what is not."""
    lines = await template_lines(visitor, await _template(visitor, template_id))
    wanted = [Wanted(one.product, one.name, one.quantity) for one in lines]
    done = await put_what_is_available(visitor, owner_of(visitor, request), wanted)
    return see(request, "basket", flash=told(done))


@get("/account/templates/{template_id:uuid}/edit", name="edit_order_template", guards=[BUYERS])
async def edit_page(visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]) -> Page:
    """The name of a template, and whether it is shared."""
    template = await _changeable(visitor, template_id)
    shared = {"is_shared": "on"} if template.is_shared else {}
    form = blank(TemplateForm, name=template.name, version=str(template.version), **shared)
    return _edit_page(template, form)


@post("/account/templates/{template_id:uuid}/edit", name="edit_order_template_post", guards=[BUYERS])
async def save_template(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Renames a template, shares it, or keeps it for its owner."""
    template = await _changeable(visitor, template_id)
    form = await read_form(request, TemplateForm)
    if not form.is_valid:
        return _edit_page(template, form, 422)
    try:
        await change_template(
            visitor, template, form.data.name, is_shared=form.data.is_shared, version=version_of(form)
        )
    except TemplateMissing:
        raise NotFoundException from None
    said = Flash(_("The order template “%(name)s” is saved.", name=form.data.name))
    if not form.data.is_shared and not template.is_own:
        # Whoever manages the company has given it back to its owner, and so sees it no more.
        return see(request, "order_templates", flash=said)
    return see(request, "order_template", template_id=template_id, flash=said)


@get("/account/templates/{template_id:uuid}/delete", name="delete_order_template", guards=[BUYERS])
async def delete_page(visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]) -> Page:
    """Asks before a template is deleted."""
    return Page(
        "order_templates/delete_order_template.html", order_template=await _changeable(visitor, template_id)
    )


@post("/account/templates/{template_id:uuid}/delete", name="delete_order_template_post", guards=[BUYERS])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes a template."""
    template = await _changeable(visitor, template_id)
    try:
        await delete_template(visitor, template)
    except TemplateMissing:
        raise NotFoundException from None
    said = _("The order template “%(name)s” is deleted.", name=template.name)
    return see(request, "order_templates", flash=Flash(said))


@post("/account/templates/{template_id:uuid}/lines", name="add_to_order_template", guards=[BUYERS])
async def add_line(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, template_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Adds a product to a template."""
    template = await _changeable(visitor, template_id)
    form = await read_form(request, NewLineForm)
    if not form.is_valid:
        return await _page(visitor, template, form, status_code=422)
    try:
        name = await add_to_template(visitor, template, form.data.sku, form.data.quantity)
    except TemplateRefused as refused:
        form.add_error("sku", str(refused))
        return await _page(visitor, template, form, status_code=422)
    except TemplateMissing:
        raise NotFoundException from None
    said = _("“%(name)s” is in the order template.", name=name)
    return see(request, "order_template", template_id=template_id, flash=Flash(said))


@post(
    "/account/templates/{template_id:uuid}/lines/{line_id:uuid}", name="order_template_line", guards=[BUYERS]
)
async def change_line(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    template_id: FromPath[uuid.UUID],
    line_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Changes how many of a product are in a template; 0 takes it out."""
    template = await _changeable(visitor, template_id)
    form = await read_form(request, LineForm)
    if not form.is_valid:
        return await _page(visitor, template, form, refused_line=line_id, status_code=422)
    try:
        await change_template_line(visitor, template, line_id, form.data.quantity)
    except TemplateMissing:
        raise NotFoundException from None
    said = _("The quantity is changed.") if form.data.quantity else _("The product is taken out.")
    return see(request, "order_template", template_id=template_id, flash=Flash(said))


async def _template(visitor: Visitor, template_id: uuid.UUID) -> OrderTemplate:
    try:
        return await template_seen_by(visitor, template_id)
    except TemplateMissing:
        raise NotFoundException from None


async def _changeable(visitor: Visitor, template_id: uuid.UUID) -> OrderTemplate:
    template = await _template(visitor, template_id)
    if not template.may_change:
        raise NotPermitted
    return template


async def _lines(request: Request[Any, Any, Any], visitor: Visitor, source: str, order: str) -> Lines:
    if source == FROM_BASKET:
        return await lines_of_basket(owner_of(visitor, request))
    if source == FROM_ORDER:
        try:
            return await lines_of_order(visitor, order)
        except OrderMissing:
            raise NotFoundException from None
    return ()


async def _new_page(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    form: FilledForm[NewTemplateForm],
    status_code: int = 200,
) -> Page:
    source = form.value("source")
    source = source if source in SOURCE_NAMES else EMPTY
    return Page(
        "order_templates/new_order_template.html",
        status_code=status_code,
        form=form,
        source=source,
        source_name=SOURCE_NAMES[source],
        products=len(await _lines(request, visitor, source, form.value("order"))),
    )


async def _page(
    visitor: Visitor,
    template: OrderTemplate,
    form: FilledForm[Any],
    *,
    refused_line: uuid.UUID | None = None,
    status_code: int = 200,
) -> Page:
    return Page(
        "order_templates/order_template.html",
        status_code=status_code,
        order_template=template,
        lines=await template_lines(visitor, template),
        form=form,
        new_line=blank(Form) if refused_line is not None else form,
        refused_line=refused_line,
    )


def _edit_page(template: OrderTemplate, form: FilledForm[TemplateForm], status_code: int = 200) -> Page:
    return Page(
        "order_templates/edit_order_template.html",
        status_code=status_code,
        order_template=template,
        form=form,
    )


routes = [
    templates_page,
    new_template_page,
    make_template,
    template_page,
    put_into_basket,
    edit_page,
    save_template,
    delete_page,
    delete,
    add_line,
    change_line,
]
