"""The tree of organisations in the back office: list, create, change, move a branch, delete (domain.md 11)."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from app.access import staff
from app.back_office.branch import branch_of, organisation_choices, seen_organisations
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import WholeNumber, filled_with
from app.back_office.selling_lists import ON_A_PAGE, delete_page, offset_of, page_asked_for, pages_of
from app.back_office.stale_form import stale_form
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.links import links_of
from app.organisations.tree import (
    Organisation,
    OrganisationRefused,
    OrganisationUnknown,
    StaleOrganisation,
    create_organisation,
    delete_organisation,
    edit_organisation,
    organisation,
)
from app.pages import Page, see
from app.segments.customer_groups import customer_groups
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB

ORGANISATIONS = staff(Privilege.ORGANISATIONS)


class OrganisationForm(Form):
    """A node of the tree. An empty parent puts it at the top."""

    name: Annotated[str, Text(max_length=200)]
    kind: Annotated[str, Text(required=False, max_length=80)]
    parent: Annotated[str, Text(required=False, max_length=40)]
    customer_group: Annotated[str, Text(required=False, max_length=60)]
    description: Annotated[str, Text(required=False, multiline=True, max_length=5000)]
    version: Annotated[Any, WholeNumber(required=False)]


_CUSTOMERS = """
    SELECT c.number, c.search_name AS name, c.organisation <> $1 AS is_below, o.name AS organisation,
           count(*) OVER () AS count
    FROM customers c JOIN organisations o ON o.id = c.organisation
    WHERE o.path @> ARRAY[$1::uuid]
    ORDER BY is_below, lower(c.search_name), c.id LIMIT $2 OFFSET $3
"""


@get("/organisations", name="back_office_organisations", guards=[ORGANISATIONS])
async def tree(visitor: CurrentVisitor) -> Page:
    """The tree, or the branch to which the staff member is limited."""
    seen = await seen_organisations(visitor)
    known, below = {one.id for one in seen}, defaultdict(list)
    for one in seen:
        below[one.parent if one.parent in known else None].append(one)
    return Page(
        "back_office/organisations.html",
        top=below[None],
        below={key: children for key, children in below.items() if key is not None},
        group_names=dict(await customer_groups()),
    )


@get("/organisations/new", name="new_organisation", guards=[ORGANISATIONS])
async def new(visitor: CurrentVisitor, parent: FromQuery[uuid.UUID | None] = None) -> Page:
    """The form of a new node."""
    above = parent or branch_of(visitor)
    return await _page(visitor, blank(OrganisationForm, parent=str(above or "")), None)


@post("/organisations/new", name="create_organisation", guards=[ORGANISATIONS])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Adds a node."""
    form = await read_form(request, OrganisationForm)
    parent = await _parent(visitor, form) if form.is_valid else None
    if not form.is_valid:
        return await _page(visitor, form, None, status_code=422)
    data = form.data
    try:
        key = await create_organisation(
            data.name,
            kind=data.kind,
            description=data.description,
            parent=parent,
            customer_group=data.customer_group,
            visitor=visitor,
        )
    except OrganisationRefused as error:
        form.add_error(error.field, str(error))
        return await _page(visitor, form, None, status_code=422)
    told = _("The organisation is created.")
    return see(request, "back_office_organisation", organisation_id=key, flash=Flash(told))


@get("/organisations/{organisation_id:uuid}", name="back_office_organisation", guards=[ORGANISATIONS])
async def node(
    visitor: CurrentVisitor, organisation_id: FromPath[uuid.UUID], page: FromQuery[int] = 1
) -> Page:
    """A node with its customers and those below; 404 where there is none."""
    of = await _stored(organisation_id)
    return await _page(visitor, filled_with(OrganisationForm, _as_typed(of)), of, page=page_asked_for(page))


@post("/organisations/{organisation_id:uuid}", name="change_organisation", guards=[ORGANISATIONS])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, organisation_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Changes a node; another parent moves the whole branch."""
    of = await _stored(organisation_id)
    form = await read_form(request, OrganisationForm)
    parent = await _parent(visitor, form, of) if form.is_valid else None
    if not form.is_valid:
        return await _page(visitor, form, of, status_code=422)
    data = form.data
    try:
        await edit_organisation(
            organisation_id,
            data.name,
            kind=data.kind,
            description=data.description,
            parent=parent,
            customer_group=data.customer_group,
            version=data.version or 0,
            visitor=visitor,
        )
    except OrganisationRefused as error:
        form.add_error(error.field, str(error))
        return await _page(visitor, form, of, status_code=422)
    except StaleOrganisation as error:
        names = {**dict(await organisation_choices(visitor)), **dict(await customer_groups())}
        stale = stale_form(OrganisationForm, form, _as_typed(error.stored), names)
        return await _page(visitor, stale, error.stored, status_code=409)
    told = _("The organisation is changed.")
    return see(request, "back_office_organisation", organisation_id=organisation_id, flash=Flash(told))


@get("/organisations/{organisation_id:uuid}/delete", name="delete_organisation_page", guards=[ORGANISATIONS])
async def ask_delete(visitor: CurrentVisitor, organisation_id: FromPath[uuid.UUID]) -> Page:
    """Asks before a node is deleted."""
    of, links = await _stored(organisation_id), links_of(visitor.application)
    return delete_page(
        _("Delete the organisation %(name)s?", name=of.name),
        _("Only an organisation with nothing in it can be deleted. It is taken out of all target groups."),
        links.path("delete_organisation", organisation_id=organisation_id),
        links.path("back_office_organisation", organisation_id=organisation_id),
    )


@post("/organisations/{organisation_id:uuid}/delete", name="delete_organisation", guards=[ORGANISATIONS])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, organisation_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes an empty node."""
    await _stored(organisation_id)
    try:
        await delete_organisation(organisation_id, visitor=visitor)
    except OrganisationRefused as error:
        flash = Flash(str(error), "warning")
        return see(request, "back_office_organisation", organisation_id=organisation_id, flash=flash)
    told = _("The organisation is deleted.")
    return see(request, "back_office_organisations", flash=Flash(told))


async def _stored(organisation_id: uuid.UUID) -> Organisation:
    try:
        return await organisation(organisation_id)
    except OrganisationUnknown:
        raise NotFoundException from None


async def _parent(
    visitor: Visitor, form: FilledForm[OrganisationForm], of: Organisation | None = None
) -> uuid.UUID | None:
    """The parent that the form names; an error is noted for one that the staff member cannot choose.

    Who is limited to a branch puts things into it only; its own root stays where it is.
    """
    typed = form.data.parent
    if of is not None and branch_of(visitor) == of.id:
        return of.parent
    if typed in dict(await organisation_choices(visitor)):
        return uuid.UUID(typed)
    if typed or branch_of(visitor) is not None:
        form.add_error("parent", _("Please choose one of the options."))
    return None


def _as_typed(of: Organisation) -> dict[str, str | list[str]]:
    return {
        "name": of.name,
        "kind": of.kind,
        "parent": str(of.parent or ""),
        "customer_group": of.customer_group,
        "description": of.description,
        "version": str(of.version),
    }


async def _page(
    visitor: Visitor,
    form: FilledForm[OrganisationForm],
    of: Organisation | None,
    *,
    page: int = 1,
    status_code: int = 200,
) -> Page:
    customers = await DB.fetch(_CUSTOMERS, of.id, ON_A_PAGE, offset_of(page)) if of is not None else []
    seen = await seen_organisations(visitor)
    return Page(
        "back_office/organisation.html",
        status_code=status_code,
        form=form,
        of=of,
        above=_above(seen, of),
        below=[one for one in seen if of is not None and one.parent == of.id],
        parents=await _parents(visitor, of),
        can_move=of is None or branch_of(visitor) != of.id,
        groups=[("", _("That of the organisation above")), *await customer_groups()],
        customers=customers,
        page=page,
        pages=pages_of(customers[0]["count"] if customers else 0),
        may_open_customers=visitor.may(Privilege.CUSTOMERS),
    )


def _above(seen: Sequence[Organisation], of: Organisation | None) -> list[Organisation]:
    """Those above a node that the staff member sees, from the top down."""
    by_id = {one.id: one for one in seen}
    return [by_id[key] for key in of.path[:-1] if key in by_id] if of is not None else []


async def _parents(visitor: Visitor, of: Organisation | None) -> list[tuple[str, str]]:
    """The possible parents: none that lies below the node itself, for that would be a circle."""
    top = [("", _("None: it stands at the top"))] if branch_of(visitor) is None else []
    choices = [
        (key, name)
        for key, name in await organisation_choices(visitor, without=of.id if of is not None else None)
    ]
    return [*top, *choices]


routes = [tree, new, create, node, change, ask_delete, delete]
