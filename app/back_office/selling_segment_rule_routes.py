"""The rule of a segment in the back office: who is in it without being assigned, tried before it is saved
(domain.md 7)."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.back_office.branch import branch_of_request
from app.back_office.selling_fields import WholeNumber, filled_with
from app.back_office.selling_segment_rules import RuleForm, rule_as_typed, rule_choices, rule_of
from app.back_office.selling_segment_tabs import segment_page, stored_segment
from app.back_office.selling_segments import EDITING, SEGMENTS
from app.back_office.stale_form import stale_form
from app.flash import Flash
from app.forms import FilledForm, Text, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.segments.custom import CustomSegment, SegmentRefused, StaleSegment, edit_rule
from app.segments.members import Preview, preview
from app.segments.rules import RuleRefused
from app.visitor import CurrentVisitor, Visitor


class SegmentRuleForm(RuleForm):
    """A rule. With `preview` nothing is saved: the page says for whom it would hold."""

    preview: Annotated[str, Text(required=False)]
    version: Annotated[Any, WholeNumber(required=False)]


@get("/segments/{segment_id:str}/rule", name="segment_rule", guards=[SEGMENTS])
async def segment_rule(visitor: CurrentVisitor, segment_id: FromPath[str]) -> Page:
    """The rule of a segment; 404 where there is none, and for predefined ones."""
    of = await stored_segment(segment_id)
    return _page(filled_with(SegmentRuleForm, _as_typed(of)), of, visitor)


@post("/segments/{segment_id:str}/rule", name="change_segment_rule", guards=EDITING)
async def change_rule(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, segment_id: FromPath[str]
) -> Response[Any]:
    """Gives the segment another rule, or shows for whom it would hold."""
    of = await stored_segment(segment_id)
    form = await read_form(request, SegmentRuleForm)
    try:
        if form.is_valid:
            data, rule = form.data, rule_of(form.data)
            if data.preview:
                return _page(form, of, visitor, await preview(rule) if rule is not None else None)
            await edit_rule(segment_id, rule, version=data.version or 0, visitor=visitor)
            return see(
                request, "segment_rule", segment_id=segment_id, flash=Flash(_("The segment is changed."))
            )
    except (SegmentRefused, RuleRefused) as error:
        form.add_error("", str(error))
    except StaleSegment:
        stale = stale_form(SegmentRuleForm, form, _as_typed(await stored_segment(segment_id)))
        return _page(stale, of, visitor, status_code=409)
    return _page(form, of, visitor, status_code=422)


def _as_typed(of: CustomSegment) -> dict[str, str]:
    """A rule as the fields of its form show it; one that cannot be read as its text, so that it is kept unless
    somebody replaces it."""
    typed = rule_as_typed(of.rule)
    if of.unreadable_rule:
        typed["rule_json"] = of.unreadable_rule
    return {"version": str(of.version), **typed}


def _page(
    form: FilledForm[SegmentRuleForm],
    of: CustomSegment,
    visitor: Visitor,
    shown: Preview | None = None,
    status_code: int = 200,
) -> Page:
    return segment_page(
        "segment_rule.html",
        "segment_rule",
        of,
        visitor,
        status_code=status_code,
        form=form,
        preview=shown,
        may_change=branch_of_request() is None,
        **rule_choices(form),
    )


routes = [segment_rule, change_rule]
