"""Requisitions: the lists, one of them, and the decisions on it (pages.md). Only where customers have many users."""

import uuid
from collections.abc import Sequence
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import customers_with
from app.customers.permissions import Permission, permitted
from app.customers.types import Extension
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import datetime_text, money_text
from app.languages import gettext as _
from app.links import Links, links_of
from app.orders.history import sees_all_orders
from app.orders.wish import OrderRefused
from app.other_customers import look_elsewhere
from app.pages import Page, see
from app.requisitions.checking import check
from app.requisitions.deciding import AlreadyDecided, MayNotDecide, approve, reject, withdraw
from app.requisitions.forms import ApproveForm, RejectForm, StandInForm
from app.requisitions.listing import SHOWN_NAMES, ListedRequisition, Shown, offered_to, requisitions_for
from app.requisitions.requisition import (
    STATE_NAMES,
    RequisitionMissing,
    StoredRequisition,
    account_in_group,
    lines_of,
    may_decide,
    requisition_seen_by,
)
from app.requisitions.standing_in import (
    StandInRefused,
    appoint_stand_in,
    end_stand_in,
    may_appoint,
    stand_in_of,
)
from app.requisitions.words import excess_words
from app.visitor import CurrentVisitor, Visitor
from tables.companies import RequisitionState

_KINDS_OF_BADGE = {
    RequisitionState.PENDING: "warning",
    RequisitionState.APPROVED: "success",
    RequisitionState.REJECTED: "danger",
}


@get("/account/requisitions", name="requisitions", guards=[customers_with(Extension.GROUP)])
async def requisitions_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """A list of requisitions, newest first; approvers begin with what they can decide on."""
    asked = request.query_params
    offered = offered_to(visitor)
    shown = next((one for one in offered if one == asked.get("show")), offered[0])
    state = next((one for one in RequisitionState if one == asked.get("state")), None)
    links = links_of(visitor.application)

    def url_of(page: int) -> str:
        return links.path(
            "requisitions", show=shown.value, state=asked.get("state"), page=page if page > 1 else None
        )

    found = await requisitions_for(visitor, shown, state, _page_number(asked.get("page", "")))
    return Page(
        "requisitions/requisitions.html",
        found=found,
        rows=[_row(one, links) for one in found.requisitions],
        offered=[(one.value, SHOWN_NAMES[one]) for one in offered],
        shown=shown.value,
        state=state.value if state is not None and shown is not Shown.TO_DECIDE else "",
        states=STATE_NAMES,
        may_appoint=may_appoint(visitor),
        url_of=url_of,
    )


def _row(one: ListedRequisition, links: Links) -> tuple[str, ...]:
    """What the row of a requisition says, in the order of its holes: a template takes longer to work it out."""
    return (
        links.path("requisition", requisition_id=one.id),
        one.number,
        datetime_text(one.created_at),
        one.buyer_name,
        _KINDS_OF_BADGE.get(one.state, "neutral"),
        _(STATE_NAMES[one.state]),
        money_text(one.gross_total, one.currency),
    )


@get(
    "/account/requisitions/{requisition_id:uuid}",
    name="requisition",
    guards=[customers_with(Extension.GROUP)],
)
async def requisition_page(visitor: CurrentVisitor, requisition_id: FromPath[uuid.UUID]) -> Page:
    """One requisition: what is asked for and why it needs approval, what has changed, and what was decided.

    Mails link here, also to people who act for another of their companies now.
    """
    try:
        stored = await requisition_seen_by(visitor, requisition_id)
    except RequisitionMissing:
        await look_elsewhere(
            visitor, lambda other: requisition_seen_by(other, requisition_id), RequisitionMissing
        )
        raise NotFoundException from None
    return await _page(visitor, stored)


@post(
    "/account/requisitions/{requisition_id:uuid}/approve",
    name="approve_requisition",
    guards=[permitted(Permission.APPROVE)],
)
async def approve_it(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, requisition_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Approves it, which places its order; where that fails the page tells why."""
    await _requisition(visitor, requisition_id)
    form = await read_form(request, ApproveForm)
    if not form.is_valid:
        return await _page(visitor, await _requisition(visitor, requisition_id), form=form, status_code=422)
    try:
        number = await approve(visitor, requisition_id, review=form.data.review, comment=form.data.remark)
    except (AlreadyDecided, MayNotDecide) as refused:
        return await _refused(request, visitor, requisition_id, refused, RequisitionState.APPROVED)
    except RequisitionMissing:
        raise NotFoundException from None
    except OrderRefused as refused:
        stored = await _requisition(visitor, requisition_id)
        if not stored.is_pending:
            late = AlreadyDecided(stored)
            return await _refused(request, visitor, requisition_id, late, RequisitionState.APPROVED)
        return await _page(visitor, stored, refused.reasons, form=form, status_code=409)
    said = _("The requisition is approved; order %(number)s is placed.", number=number)
    return see(request, "requisition", requisition_id=requisition_id, flash=Flash(said))


@post(
    "/account/requisitions/{requisition_id:uuid}/reject",
    name="reject_requisition",
    guards=[permitted(Permission.APPROVE)],
)
async def reject_it(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, requisition_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Rejects it with a comment for the buyer."""
    stored = await _requisition(visitor, requisition_id)
    form = await read_form(request, RejectForm)
    if not form.is_valid:
        return await _page(visitor, stored, form=form, status_code=422)
    try:
        await reject(visitor, requisition_id, comment=form.data.comment)
    except (AlreadyDecided, MayNotDecide) as refused:
        return await _refused(request, visitor, requisition_id, refused, RequisitionState.REJECTED)
    except RequisitionMissing:
        raise NotFoundException from None
    said = _("The requisition is rejected; %(name)s is told by mail.", name=stored.buyer_name)
    return see(request, "requisition", requisition_id=requisition_id, flash=Flash(said))


@post(
    "/account/requisitions/{requisition_id:uuid}/withdraw",
    name="withdraw_requisition",
    guards=[customers_with(Extension.GROUP)],
)
async def withdraw_it(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, requisition_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Takes back what the person has asked for."""
    await _requisition(visitor, requisition_id)
    try:
        await withdraw(visitor, requisition_id)
    except (AlreadyDecided, MayNotDecide) as refused:
        return await _refused(request, visitor, requisition_id, refused)
    return see(
        request,
        "requisition",
        requisition_id=requisition_id,
        flash=Flash(_("The requisition is withdrawn.")),
    )


@get("/account/requisitions/stand-in", name="requisition_stand_in", guards=[permitted(Permission.APPROVE)])
async def stand_in_page(visitor: CurrentVisitor) -> Page:
    """Who approves in the person's place, and until when."""
    return await _stand_in_page(visitor, blank(StandInForm))


@post(
    "/account/requisitions/stand-in",
    name="requisition_stand_in_post",
    guards=[permitted(Permission.APPROVE)],
)
async def appoint(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Lets a colleague approve in the person's place."""
    form = await read_form(request, StandInForm)
    if not form.is_valid or not may_appoint(visitor):
        return await _stand_in_page(visitor, form, 422)
    try:
        name = await appoint_stand_in(visitor, form.data.email, *form.data.days)
    except StandInRefused as refused:
        form.add_error(refused.field, str(refused))
        return await _stand_in_page(visitor, form, 422)
    said = _("%(name)s approves in your place in these days.", name=name)
    return see(request, "requisition_stand_in", flash=Flash(said))


@post(
    "/account/requisitions/stand-in/end",
    name="end_requisition_stand_in",
    guards=[permitted(Permission.APPROVE)],
)
async def end(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Takes the approving back."""
    await end_stand_in(visitor)
    return see(request, "requisition_stand_in", flash=Flash(_("Nobody stands in for you any more.")))


async def _requisition(visitor: Visitor, key: uuid.UUID) -> StoredRequisition:
    try:
        return await requisition_seen_by(visitor, key)
    except RequisitionMissing:
        raise NotFoundException from None


async def _refused(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    key: uuid.UUID,
    refused: AlreadyDecided | MayNotDecide,
    wanted: RequisitionState | None = None,
) -> Response[Any]:
    """The page of a requisition on which the person has decided too late, or may not decide. Who has pressed the
    button twice sees what they decided."""
    stored = await _requisition(visitor, key)
    if stored.state is wanted and stored.decided_by == account_in_group(visitor).user_id:
        return see(request, "requisition", requisition_id=key)
    if isinstance(refused, MayNotDecide):
        reason = _("You may not decide on this requisition: somebody else has to.")
        return await _page(visitor, stored, [reason], status_code=403)
    if stored.decided_by_name:
        reason = _(
            "%(name)s has decided meanwhile: %(state)s.",
            name=stored.decided_by_name,
            state=_(STATE_NAMES[stored.state]),
        )
    else:
        reason = _("It can no longer be decided on: %(state)s.", state=_(STATE_NAMES[stored.state]))
    return await _page(visitor, stored, [reason], status_code=409)


async def _page(
    visitor: Visitor,
    requisition: StoredRequisition,
    reasons: Sequence[str] = (),
    *,
    form: FilledForm[Any] | None = None,
    status_code: int = 200,
) -> Page:
    is_own = requisition.user == account_in_group(visitor).user_id
    decides = requisition.is_pending and may_decide(visitor, requisition)
    checked = await check(visitor, requisition) if requisition.is_pending else None
    return Page(
        "requisitions/requisition.html",
        status_code=status_code,
        requisition=requisition,
        lines=await lines_of(requisition),
        state=STATE_NAMES[requisition.state],
        asked_for=excess_words(requisition.reasons, requisition.net_total),
        exceeds=checked.exceeds(requisition) if checked is not None else [],
        checked=checked,
        # What was told already is not told twice.
        changes=[one for one in checked.changes if one not in reasons] if checked is not None else [],
        problems=[one for one in checked.problems if one not in reasons] if checked is not None else [],
        reasons=reasons,
        decides=decides,
        sees_order=is_own or sees_all_orders(visitor),
        may_withdraw=is_own and requisition.is_pending,
        form=form if form is not None else blank(RejectForm),
    )


async def _stand_in_page(visitor: Visitor, form: FilledForm[StandInForm], status_code: int = 200) -> Page:
    return Page(
        "requisitions/stand_in.html",
        status_code=status_code,
        form=form,
        stand_in=await stand_in_of(visitor),
        may_appoint=may_appoint(visitor),
    )


def _page_number(typed: str) -> int:
    return min(int(typed), 100_000) if typed.isascii() and typed.isdigit() and len(typed) < 9 else 1


routes = [
    requisitions_page,
    requisition_page,
    approve_it,
    reject_it,
    withdraw_it,
    stand_in_page,
    appoint,
    end,
]
