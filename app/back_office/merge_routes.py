"""Fewer customers: likely duplicates, merging two with a preview, taking it back, deleting one (domain.md 2, 9)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import staff
from app.back_office.branch import branch_of, seen_organisations, sees_customer
from app.back_office.customer_record import customer_with_number
from app.back_office.customer_tabs import customer_page, found_customer
from app.back_office.forms import Version, VersionForm
from app.back_office.privileges import Privilege
from app.customers.deleting import CustomerHasOrders, delete_customer
from app.customers.duplicates import Likeness, likely_duplicates, likely_duplicates_of
from app.customers.extensions import group_of
from app.customers.merging import MergeObstacle, MergePreview, MergeRefused, merge_customers, merge_preview
from app.customers.undoing_merges import UNDO_WITHIN, Merge, Objection, UndoRefused, merges_of, undo_merge
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Form, Text, asked_for, blank, read_form
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor
from tables import Customer

CUSTOMERS = staff(Privilege.CUSTOMERS)
KINDS = (
    (Likeness.TAXATION_ID, text("Same taxation id")),
    (Likeness.NAME, text("Same name")),
    (Likeness.DOMAIN, text("Same e-mail domain")),
)
WHY_NOT = {
    MergeObstacle.UNKNOWN: text("There is no customer with this number."),
    MergeObstacle.SAME: text("A customer cannot be merged with itself."),
    MergeObstacle.ONE_USER: text(
        "Only customers with many users can be merged: the user of an individual stays."
    ),
    MergeObstacle.DIFFERENT_TYPES: text("The two customers have different types."),
    MergeObstacle.WAITS_FOR_APPROVAL: text("One of the two waits for approval. Please decide on that first."),
}
WHY_NOT_UNDONE = {
    Objection.TOO_LATE: text("It is too long ago."),
    Objection.MERGED_ON: text(
        "The customer that stayed has been merged into this one since. Undo that first."
    ),
    Objection.LATER_MERGE: text("Another customer has been merged into this one since. Undo that first."),
    Objection.NUMBER_TAKEN: text("Another customer has the number now."),
    Objection.NO_PREFERRED_ADDRESS: text(
        "An address that would go back is preferred here. Prefer another one of the customer first."
    ),
    Objection.NO_ADMINISTRATOR: text("The users who stay would be without an active account administrator."),
    Objection.ROLES_IN_USE: text("Users have roles that would be at the other customer afterwards."),
}


class OtherForm(Form):
    """The other customer, by its number, and which of the two stays: "this" or "other"."""

    other: Annotated[str, Text(max_length=40)]
    stays: Annotated[str, Text(max_length=10, required=False)]


class MergeForm(Form):
    """The merge as the preview has shown it: which one stays, and the versions of both."""

    other: Annotated[str, Text(max_length=40)]
    stays: Annotated[str, Text(max_length=10, required=False)]
    version: Annotated[int | None, Version()]
    other_version: Annotated[int | None, Version()]


@get("/customers/duplicates", name="duplicates", guards=[CUSTOMERS])
async def duplicates(
    visitor: CurrentVisitor,
    wanted_kind: Annotated[str, QueryParameter(name="kind")] = "",
    after: FromQuery[str] = "",
) -> Page:
    """Customers that are probably one and the same."""
    kind = next((one for one, _name in KINDS if one == wanted_kind), Likeness.TAXATION_ID)
    found = await likely_duplicates(kind, asked_for(after, 300), branch_of(visitor))
    return Page(
        "back_office/duplicates.html",
        kind=kind.value,
        kinds=[(one.value, _(name)) for one, name in KINDS],
        found=found,
        is_first=not after,
    )


@get("/customers/{number:str}/merge", name="merge_customer", guards=[CUSTOMERS])
async def ask(
    visitor: CurrentVisitor,
    number: FromPath[str],
    other: FromQuery[str] = "",
    stays: FromQuery[str] = "",
) -> Page:
    """Asks for the other customer, and shows what a merge would do; says why where it cannot be (domain.md 2)."""
    of = await found_customer(number)
    if await group_of(of) is None:
        return await customer_page("merge_individual.html", "customer", of, visitor)
    if not other:
        return await _page(visitor, of, blank(OtherForm))
    return await _preview_page(visitor, of, asked_for(other, 40), stays)


@post("/customers/{number:str}/merge", name="merge_customer_post", guards=[CUSTOMERS])
async def merge(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Merges the two customers as the preview has shown it."""
    of = await _mergeable(number)
    form = await read_form(request, MergeForm)
    if not form.is_valid:
        return await _page(visitor, of, form, status_code=422)
    data = form.data
    kept, gone = _which(of, data.other, data.stays)
    mine, others = data.version, data.other_version
    versions = None if mine is None or others is None else (mine, others)
    if versions is not None and data.stays == "other":
        versions = (versions[1], versions[0])
    try:
        await _refuse_unseen(visitor, data.other)
        await merge_customers(kept, gone, versions=versions, visitor=visitor)
    except MergeRefused as error:
        form.add_error("other", _(WHY_NOT[error.obstacle]))
        return await _page(visitor, of, form, status_code=422)
    except Conflict:
        return await _preview_page(visitor, of, data.other, data.stays, status_code=409)
    told = _("Customer %(number)s is merged into this one. You can undo it here for some days.", number=gone)
    return see(request, "merge_customer", number=kept, flash=Flash(told))


@post("/customers/{number:str}/merges/{merge_id:uuid}/undo", name="undo_merge", guards=[CUSTOMERS])
async def undo(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    number: FromPath[str],
    merge_id: FromPath[uuid.UUID],
) -> Response[Any]:
    """Makes two customers of one again."""
    of = await _mergeable(number)
    if merge_id not in {one.id for one in await _merges_seen(visitor, of)}:
        raise NotFoundException
    try:
        back = await undo_merge(of.id, merge_id, visitor=visitor)
    except Conflict:
        raise NotFoundException from None
    except UndoRefused as error:
        told = (
            _("The merge cannot be undone.")
            + " "
            + " ".join(_(WHY_NOT_UNDONE[one]) for one in error.objections)
        )
        return see(request, "merge_customer", number=number, flash=Flash(told, "warning"))
    told = _("The merge is undone: customer %(number)s is back.", number=back)
    return see(request, "customer", number=back, flash=Flash(told))


@get("/customers/{number:str}/delete", name="delete_customer", guards=[CUSTOMERS])
async def ask_to_delete(visitor: CurrentVisitor, number: FromPath[str]) -> Page:
    """Asks whether the customer is to be deleted."""
    return await _delete_page(visitor, await found_customer(number), blank(VersionForm))


@post("/customers/{number:str}/delete", name="delete_customer_post", guards=[CUSTOMERS])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, number: FromPath[str]
) -> Response[Any]:
    """Deletes the customer, and users who belong to no other (domain.md 2)."""
    of = await found_customer(number)
    form = await read_form(request, VersionForm)
    if not form.is_valid:
        return await _delete_page(visitor, of, form, status_code=422)
    try:
        await delete_customer(of.id, visitor=visitor, version=form.data.version)
    except CustomerHasOrders:
        form.add_error("", _("The customer has orders, which the shop keeps. You can disable the customer."))
        return await _delete_page(visitor, of, form, status_code=422)
    except Conflict:
        form.add_error("", _("Somebody else has changed this meanwhile. This is how it stands now."))
        return await _delete_page(visitor, await found_customer(number), form, status_code=409)
    return see(request, "customers", flash=Flash(_("Customer %(number)s is deleted.", number=of.number)))


async def _delete_page(
    visitor: Visitor, of: Customer, form: FilledForm[VersionForm], status_code: int = 200
) -> Page:
    return await customer_page(
        "delete_customer.html", "customer", of, visitor, status_code=status_code, form=form
    )


async def _mergeable(number: str) -> Customer:
    """A customer with many users; the one user of an individual cannot be moved (domain.md 2)."""
    of = await found_customer(number)
    if await group_of(of) is None:
        raise NotFoundException
    return of


def _which(of: Customer, other: str, stays: str) -> tuple[str, str]:
    """The numbers of the customer that stays and of the one that goes."""
    return (other, of.number) if stays == "other" else (of.number, other)


async def _refuse_unseen(visitor: Visitor, number: str) -> None:
    """A customer outside of the staff member's branch is as good as none (domain.md 11)."""
    found = await customer_with_number(number)
    if found is None or not await sees_customer(visitor, found.id):
        raise MergeRefused(MergeObstacle.UNKNOWN)


async def _merges_seen(visitor: Visitor, of: Customer) -> list[Merge]:
    """The merges on record; of customers that were outside of the staff member's branch none, since undoing one
    makes such a customer (domain.md 11)."""
    seen = {one.id for one in await seen_organisations(visitor)}
    return [one for one in await merges_of(of.id) if branch_of(visitor) is None or one.organisation in seen]


async def _preview_page(
    visitor: Visitor, of: Customer, other: str, stays: str, status_code: int = 200
) -> Page:
    form = blank(OtherForm, other=other, stays=stays)
    try:
        await _refuse_unseen(visitor, other)
        preview = await merge_preview(*_which(of, other, stays))
    except MergeRefused as error:
        form.add_error("other", _(WHY_NOT[error.obstacle]))
        return await _page(visitor, of, form, status_code=422)
    return await _page(visitor, of, form, preview=preview, status_code=status_code)


async def _page(
    visitor: Visitor,
    of: Customer,
    form: FilledForm[Any],
    *,
    preview: MergePreview | None = None,
    status_code: int = 200,
) -> Page:
    return await customer_page(
        "merge_customer.html",
        "customer",
        of,
        visitor,
        status_code=status_code,
        form=form,
        preview=preview,
        lines=[(_(title), follow, doubled) for title, follow, doubled in preview.lines] if preview else [],
        stays=form.value("stays") or "this",
        is_stale=status_code == 409,
        likely=await likely_duplicates_of(of.id, branch_of(visitor)) if preview is None else [],
        likenesses=likeness_names(),
        merges=[
            {"merge": one, "objections": [_(WHY_NOT_UNDONE[objection]) for objection in one.objections]}
            for one in await _merges_seen(visitor, of)
        ],
        days=UNDO_WITHIN,
    )


def likeness_names() -> dict[str, str]:
    """What likely duplicates have in common, in the language of the current request."""
    return {kind.value: _(name) for kind, name in KINDS}


routes = [duplicates, ask, merge, undo, ask_to_delete, delete]
