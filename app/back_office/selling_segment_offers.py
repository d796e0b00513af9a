"""The price lists and catalog views that are aimed at a segment, as tabs of the segment (domain.md 8)."""

from typing import Annotated

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from app.back_office.privileges import Privilege
from app.back_office.selling_lists import ShownList
from app.back_office.selling_prices import price_list_headings, price_list_row
from app.back_office.selling_segment_tabs import segment_page, stored_segment
from app.back_office.selling_segments import SEGMENTS
from app.back_office.selling_states import STATE_OF_ROW, SWITCH_OF_ROW, find_by_state
from app.back_office.selling_views import view_headings, view_row
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page
from app.visitor import CurrentVisitor

_PRICE_LISTS = f"""
    SELECT id, name, currency, is_net, priority, {STATE_OF_ROW} AS state, count(*) OVER () AS count
    FROM price_lists
    WHERE strpos(lower(id || ' ' || name), lower($1)) > 0 AND ($2 = '' OR $2 = {STATE_OF_ROW})
      AND id IN (SELECT owner FROM targets WHERE kind = 'price_list' AND segment = $5)
    ORDER BY id LIMIT $3 OFFSET $4
"""
_CATALOG_VIEWS = f"""
    SELECT id, name, description, {SWITCH_OF_ROW} AS state, count(*) OVER () AS count
    FROM catalog_views
    WHERE strpos(lower(concat_ws(' ', id, name, description)), lower($1)) > 0
      AND ($2 = '' OR $2 = {SWITCH_OF_ROW})
      AND id IN (SELECT owner FROM targets WHERE kind = 'catalog_view' AND segment = $5)
    ORDER BY id LIMIT $3 OFFSET $4
"""


@get("/segments/{segment_id:str}/price-lists", name="segment_price_lists", guards=[SEGMENTS])
async def segment_price_lists(
    visitor: CurrentVisitor,
    segment_id: FromPath[str],
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """The price lists for the segment that fit the search, by id; who may not see price lists opens none."""
    of, links = await stored_segment(segment_id), links_of(visitor.application)
    found = await find_by_state(_PRICE_LISTS, q, wanted_state, page, segment_id)
    may_open = visitor.may(Privilege.PRICES)
    shown = found.list_of(
        ShownList(
            route="segment_price_lists",
            heading=_("Price lists"),
            lead=_("Price lists that have this segment in their target group."),
            headings=price_list_headings(),
            rows=[
                price_list_row(row, links.path("price_list", list_id=row["id"]) if may_open else "")
                for row in found.rows
            ],
            search_label=_("Id or name"),
            more={"segment_id": segment_id},
        )
    )
    return segment_page("segment_offers.html", "segment_price_lists", of, visitor, **shown)


@get("/segments/{segment_id:str}/catalog-views", name="segment_catalog_views", guards=[SEGMENTS])
async def segment_catalog_views(
    visitor: CurrentVisitor,
    segment_id: FromPath[str],
    wanted_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """The catalog views for the segment that fit the search, by id; who may not see catalog views opens none."""
    of, links = await stored_segment(segment_id), links_of(visitor.application)
    found = await find_by_state(_CATALOG_VIEWS, q, wanted_state, page, segment_id)
    may_open = visitor.may(Privilege.CATALOG)
    shown = found.list_of(
        ShownList(
            route="segment_catalog_views",
            heading=_("Catalog views"),
            lead=_("Catalog views that have this segment in their target group."),
            headings=view_headings(),
            rows=[
                view_row(row, links.path("catalog_view", view=row["id"]) if may_open else "")
                for row in found.rows
            ],
            search_label=_("Id, name or description"),
            more={"segment_id": segment_id},
        ),
        "upcoming",
        "ended",
    )
    return segment_page("segment_offers.html", "segment_catalog_views", of, visitor, **shown)


routes = [segment_price_lists, segment_catalog_views]
