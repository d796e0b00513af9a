"""Content slots in the back office."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import staff
from app.back_office.branch_reach import changing, may_change, refuse_beyond_branch
from app.back_office.privileges import Privilege
from app.back_office.selling_fields import (
    LongTexts,
    Moment,
    WholeNumber,
    by_language,
    filled_with,
    moment_as_typed,
)
from app.back_office.selling_lists import Row, ShownList, delete_page
from app.back_office.selling_states import STATE_OF_ROW, find_by_state, state_badge
from app.back_office.selling_targets import (
    TargetGroupForm,
    chosen_targets,
    organisation_names,
    target_choices,
    targets_as_typed,
    tell_refused,
    tell_unknown,
)
from app.back_office.stale_form import stale_form
from app.errors import Conflict
from app.flash import Flash
from app.forms import Choice, FilledForm, Flag, Group, Text, blank, read_form
from app.languages import gettext as _
from app.links import links_of
from app.marketing.content import SLOTS, rendered
from app.marketing.edit_content import ContentDraft, change_content, create_content, delete_content
from app.pages import Page, see
from app.segments.targets import NoServiceActive, TargetUnknown
from app.visitor import CurrentVisitor
from tables.engine import DB
from tables.segments import TargetKind

MARKETING = staff(Privilege.MARKETING)


class ContentForm(TargetGroupForm):
    """A content item."""

    name: Annotated[str, Text()]
    slot: Annotated[str, Choice(options=tuple(SLOTS.items()))]
    text: Annotated[LongTexts, Group(prefix="text_")]
    priority: Annotated[Any, WholeNumber(required=False, at_least=-1000, at_most=1000)]
    valid_from: Annotated[Any, Moment()]
    valid_to: Annotated[Any, Moment()]
    is_active: Annotated[bool, Flag()]
    version: Annotated[Any, WholeNumber(required=False)]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A time that runs forward, and a text."""
        since, until = values.get("valid_from"), values.get("valid_to")
        if since is not None and until is not None and since >= until:
            yield "valid_to", _("The end must come after the beginning.")
        if "text" in values and values["text"] is not None and not by_language(values["text"]):
            yield "text_en", _("Please write a text in at least one language.")


_FOUND = f"""
    SELECT id, slot, name, priority, {STATE_OF_ROW} AS state, count(*) OVER () AS count
    FROM content_items
    WHERE strpos(lower(name), lower($1)) > 0 AND ($2 = '' OR $2 = {STATE_OF_ROW})
    ORDER BY slot, priority DESC, id LIMIT $3 OFFSET $4
"""


@get("/content", name="content", guards=[MARKETING])
async def content(
    visitor: CurrentVisitor,
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Content items that fit the search, by slot."""
    links, found = links_of(visitor.application), await find_by_state(_FOUND, q, wanted_state, page)
    return found.shown(
        ShownList(
            route="content",
            heading=_("Content"),
            lead=_(
                "What stands in named places of the shop. Of several that fit, the highest priority is shown."
            ),
            headings=[_("Name"), _("Place"), _("Priority"), _("Status")],
            rows=[
                Row(
                    href=links.path("content_item", item=row["id"]),
                    cells=[row["name"], _(SLOTS.get(row["slot"], row["slot"])), str(row["priority"])],
                    badge=state_badge(row["state"]),
                )
                for row in found.rows
            ],
            new="new_content",
            new_text=_("Create content"),
            search_label=_("Name"),
        )
    )


@get("/content/new", name="new_content", guards=[MARKETING])
async def new_content() -> Page:
    """The form of a new item."""
    return await _page(blank(ContentForm, is_active="on", priority="0"), None)


@post("/content/new", name="create_content", guards=[MARKETING])
async def create(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes an item."""
    form = await read_form(request, ContentForm)
    draft = await _draft(form)
    if draft is not None:
        try:
            await create_content(draft, visitor=visitor)
            return see(request, "content", flash=Flash(_("The content is created.")))
        except (NoServiceActive, TargetUnknown) as error:
            tell_refused(form, error)
    return await _page(form, None, status_code=422)


@get("/content/{item:uuid}", name="content_item", guards=[MARKETING])
async def content_item(item: FromPath[uuid.UUID]) -> Page:
    """The form of an item, with what its text looks like; 404 where there is none."""
    return await _page(filled_with(ContentForm, await _as_typed(item)), item)


@post("/content/{item:uuid}", name="change_content", guards=[MARKETING])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, item: FromPath[uuid.UUID]
) -> Response[Any]:
    """Changes an item."""
    row = await _stored(item)
    await refuse_beyond_branch(TargetKind.CONTENT, item)
    form = await read_form(request, ContentForm)
    draft = await _draft(form, msgspec.json.decode(row["texts"], type=dict[str, str]))
    if draft is not None:
        try:
            async with changing(TargetKind.CONTENT, item):
                await change_content(item, draft, version=form.data.version or 0, visitor=visitor)
            return see(request, "content_item", item=item, flash=Flash(_("The content is changed.")))
        except Conflict:
            stale = stale_form(ContentForm, form, await _as_typed(item), await organisation_names())
            return await _page(stale, item, status_code=409)
        except (NoServiceActive, TargetUnknown) as error:
            tell_refused(form, error)
    return await _page(form, item, status_code=422)


@get("/content/{item:uuid}/delete", name="delete_content_page", guards=[MARKETING])
async def ask_delete(visitor: CurrentVisitor, item: FromPath[uuid.UUID]) -> Page:
    """Asks before an item is deleted."""
    row = await _stored(item)
    await refuse_beyond_branch(TargetKind.CONTENT, item)
    links = links_of(visitor.application)
    return delete_page(
        _("Delete the content %(name)s?", name=row["name"]),
        _("It disappears from the shop at once."),
        links.path("delete_content", item=item),
        links.path("content_item", item=item),
    )


@post("/content/{item:uuid}/delete", name="delete_content", guards=[MARKETING])
async def delete(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, item: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes an item."""
    await _stored(item)
    async with changing(TargetKind.CONTENT, item):
        if not await delete_content(item, visitor=visitor):
            raise NotFoundException
    return see(request, "content", flash=Flash(_("The content is deleted.")))


async def _as_typed(item: uuid.UUID) -> dict[str, str | list[str]]:
    """An item as the fields of its form show it. Raises NotFoundException."""
    row = await _stored(item)
    texts = msgspec.json.decode(row["texts"], type=dict[str, str])
    return {
        "name": row["name"],
        "slot": row["slot"],
        "text_en": texts.get("en", ""),
        "text_de": texts.get("de", ""),
        "priority": str(row["priority"]),
        "valid_from": moment_as_typed(row["valid_from"]),
        "valid_to": moment_as_typed(row["valid_to"]),
        "is_active": "on" if row["is_active"] else "",
        "version": str(row["version"]),
        **await targets_as_typed(TargetKind.CONTENT, str(item)),
    }


async def _stored(item: uuid.UUID) -> dict[str, Any]:
    row = await DB.fetch_row("SELECT *, texts::text AS texts FROM content_items WHERE id = $1", item)
    if row is None:
        raise NotFoundException
    return row


async def _draft(form: FilledForm[ContentForm], stored: dict[str, str] | None = None) -> ContentDraft | None:
    if not form.is_valid:
        return None
    data = form.data
    chosen = await chosen_targets(data)
    if tell_unknown(form, chosen):
        return None
    return ContentDraft(
        slot=data.slot,
        name=data.name,
        texts=by_language(data.text, stored),
        priority=data.priority or 0,
        valid_from=data.valid_from,
        valid_to=data.valid_to,
        is_active=data.is_active,
        **chosen.whom,
    )


async def _page(form: FilledForm[ContentForm], item: uuid.UUID | None, status_code: int = 200) -> Page:
    return Page(
        "back_office/selling/content_item.html",
        status_code=status_code,
        form=form,
        item=item,
        slots=[(one, _(name)) for one, name in SLOTS.items()],
        targets=await target_choices(),
        may_change=item is None or await may_change(TargetKind.CONTENT, item),
        shown=[
            (one, rendered(form.value(f"text_{one}"))) for one in ("en", "de") if form.value(f"text_{one}")
        ],
    )


routes = [content, new_content, create, content_item, change, ask_delete, delete]
