"""Segments in the back office: list, create, edit, delete with where they are used."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from app.access import staff
from app.back_office.branch import branch_of_request, organisations_within
from app.back_office.branch_reach import of_whole_shop
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import NewId, WholeNumber, filled_with
from app.back_office.selling_lists import Row, ShownList, list_page, page_asked_for
from app.back_office.selling_segment_rules import (
    RuleForm,
    rule_choices,
    rule_of,
)
from app.back_office.selling_segment_tabs import segment_page, stored_segment
from app.back_office.selling_uses import delete_page_of_used, told_use
from app.back_office.stale_form import stale_form
from app.flash import Flash
from app.forms import FilledForm, Flag, Form, Text, asked_for, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext
from app.links import links_of
from app.organisations.tree import organisations
from app.pages import Page, see
from app.segments.custom import (
    ON_A_PAGE,
    CustomSegment,
    SegmentInUse,
    SegmentRefused,
    SegmentUnknown,
    StaleSegment,
    count_members,
    create_segment,
    custom_segments,
    delete_segment,
    edit_segment,
)
from app.segments.implicit import implicit_segments
from app.segments.members import Preview, preview
from app.segments.rules import RuleRefused
from app.segments.uses import ORGANISATION, Use, uses_of_segment
from app.visitor import CurrentVisitor, Visitor

SEGMENTS = staff(Privilege.SEGMENTS)
# A segment takes in customers of all branches.
EDITING = [SEGMENTS, of_whole_shop]


class SegmentForm(Form):
    """A custom segment; its rule has a page of its own."""

    name: Annotated[str, Text()]
    description: Annotated[str, Text(required=False, multiline=True, max_length=2000)]
    is_customer_group: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]


class NewSegmentForm(RuleForm):
    """A custom segment with its id, which never changes. With `preview` nothing is saved: the page says for whom the
    rule would hold."""

    id: Annotated[str, NewId()]
    name: Annotated[str, Text()]
    description: Annotated[str, Text(required=False, multiline=True, max_length=2000)]
    is_customer_group: Annotated[bool, Flag()]
    preview: Annotated[str, Text(required=False)]


@get("/segments", name="segments", guards=[SEGMENTS])
async def segments(visitor: CurrentVisitor, q: FromQuery[str] = "", page: FromQuery[int] = 1) -> Page:
    """Implicit segments, then custom ones that fit the search."""
    links, wanted, number = links_of(visitor.application), asked_for(q), page_asked_for(page)
    found = await custom_segments(wanted, number)
    implicit = implicit_segments() if number == 1 and not wanted else ()
    return list_page(
        ShownList(
            route="segments",
            heading=_("Segments"),
            lead=_("Named sets of customers. Predefined ones are computed and cannot be changed."),
            headings=[_("Id"), _("Name"), _("Customers"), _("Kind")],
            rows=[
                *(
                    Row(href="", cells=[one.id, _(one.name), "–"], badge=(_("Predefined"), "neutral"))
                    for one in implicit
                ),
                *(
                    Row(
                        href=links.path("segment", segment_id=one.id),
                        cells=[
                            one.id,
                            one.name,
                            _("being filled") if one.is_being_filled else str(one.member_count),
                        ],
                        badge=(_("By rule"), "info") if one.has_rule else (_("By hand"), "info"),
                    )
                    for one in found
                ),
            ],
            related=[(_("Segmentation services"), links.path("segmentation_services"))],
            new="new_segment" if branch_of_request() is None else "",
            new_text=_("Create a segment"),
            search_label=_("Id or name"),
            q=wanted,
            page=number,
            # How many there are is not counted: a full page may have another one after it.
            pages=number + (len(found) == ON_A_PAGE),
        )
    )


@get("/segments/new", name="new_segment", guards=EDITING)
async def new_segment() -> Page:
    """The form of a new segment."""
    return _new_page(blank(NewSegmentForm, match="all"))


@post("/segments/new", name="create_segment", guards=EDITING)
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a segment, or shows for whom its rule would hold."""
    form = await read_form(request, NewSegmentForm)
    try:
        if form.is_valid:
            data, rule = form.data, rule_of(form.data)
            if data.preview:
                return _new_page(form, await preview(rule) if rule is not None else None)
            await create_segment(
                data.id,
                data.name,
                data.description,
                rule,
                is_customer_group=data.is_customer_group,
                visitor=visitor,
            )
            told = _("The segment is created.")
            return see(request, "segment", segment_id=data.id, flash=Flash(told))
    except (SegmentRefused, RuleRefused) as error:
        form.add_error("", str(error))
    return _new_page(form, status_code=422)


@get("/segments/{segment_id:str}", name="segment", guards=[SEGMENTS])
async def segment(visitor: CurrentVisitor, segment_id: FromPath[str]) -> Page:
    """The form of a segment; 404 where there is none, and for predefined ones."""
    of = await stored_segment(segment_id)
    return await _page(filled_with(SegmentForm, _as_typed(of)), of, visitor)


@post("/segments/{segment_id:str}", name="change_segment", guards=EDITING)
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, segment_id: FromPath[str]
) -> Response[Any]:
    """Changes a segment; its rule stays."""
    of = await stored_segment(segment_id)
    form = await read_form(request, SegmentForm)
    try:
        if form.is_valid:
            data = form.data
            await edit_segment(
                segment_id,
                data.name,
                data.description,
                keeps_rule=True,
                is_customer_group=data.is_customer_group,
                version=data.version or 0,
                visitor=visitor,
            )
            return see(request, "segment", segment_id=segment_id, flash=Flash(_("The segment is changed.")))
    except SegmentRefused as error:
        form.add_error("", str(error))
    except StaleSegment:
        stale = stale_form(SegmentForm, form, _as_typed(await stored_segment(segment_id)))
        return await _page(stale, of, visitor, status_code=409)
    return await _page(form, of, visitor, status_code=422)


@get("/segments/{segment_id:str}/delete", name="delete_segment_page", guards=EDITING)
async def ask_delete(visitor: CurrentVisitor, segment_id: FromPath[str]) -> Page:
    """Asks before a segment is deleted, and says where it is used."""
    of, links = await stored_segment(segment_id), links_of(visitor.application)
    uses = await _uses(segment_id)
    asked_for_by_rules = _("Rules of other segments ask for this one. Change them first.")
    return delete_page_of_used(
        _("Delete the segment %(name)s?", name=of.name),
        _("It is a target group of what stands below, and is taken out there.")
        if uses
        else await _unused(segment_id),
        links.path("delete_segment", segment_id=segment_id),
        links.path("segment", segment_id=segment_id),
        uses,
        links,
        blocked=asked_for_by_rules if any(one.is_rule for one in uses) else "",
    )


@post("/segments/{segment_id:str}/delete", name="delete_segment", guards=EDITING)
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, segment_id: FromPath[str]
) -> Response[Any]:
    """Deletes a segment that no rule asks for; the page before has said where it is used."""
    try:
        await delete_segment(segment_id, although_used=True, visitor=visitor)
    except SegmentUnknown:
        raise NotFoundException from None
    except SegmentInUse:
        told = _("Rules of other segments ask for this one. Change them first.")
        return see(request, "segment", segment_id=segment_id, flash=Flash(told, "warning"))
    return see(request, "segments", flash=Flash(_("The segment is deleted.")))


def _as_typed(of: CustomSegment) -> dict[str, str]:
    """A segment as the fields of its form show it."""
    return {
        "name": of.name,
        "description": of.description,
        "is_customer_group": "on" if of.is_customer_group else "",
        "version": str(of.version),
    }


async def _uses(segment_id: str) -> list[Use]:
    """Where the segment is used, as far as the staff member sees it."""
    seen = {str(one.id) for one in organisations_within(branch_of_request(), await organisations())}
    return [one for one in await uses_of_segment(segment_id) if one.kind != ORGANISATION or one.owner in seen]


async def _unused(segment_id: str) -> str:
    """What is told before a segment is deleted that is used nowhere."""
    return ngettext(
        "%(n)s customer is in it. It is used nowhere.",
        "%(n)s customers are in it. It is used nowhere.",
        await count_members(segment_id),
    )


async def _page(
    form: FilledForm[SegmentForm], of: CustomSegment, visitor: Visitor, status_code: int = 200
) -> Page:
    links = links_of(visitor.application)
    return segment_page(
        "segment.html",
        "segment",
        of,
        visitor,
        status_code=status_code,
        form=form,
        member_count=None if of.is_being_filled else await count_members(of.id),
        uses=[told_use(one, links) for one in await _uses(of.id)],
        may_change=branch_of_request() is None,
    )


def _new_page(form: FilledForm[NewSegmentForm], shown: Preview | None = None, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/new_segment.html",
        status_code=status_code,
        form=form,
        preview=shown,
        **rule_choices(form),
    )


routes = [segments, new_segment, create, segment, change, ask_delete, delete]
