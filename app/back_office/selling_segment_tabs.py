"""What all tabs of a segment share: which one it is, and where the other tabs are (pages.md, Back office)."""

from typing import Any

from litestar.exceptions import NotFoundException

from app.back_office.customer_tabs import Tab
from app.languages import gettext as _
from app.languages import text
from app.links import links_of
from app.pages import Page
from app.segments.custom import CustomSegment, SegmentUnknown, custom_segment
from app.visitor import Visitor

# (route, name, heading): what belongs to a segment, each on a page of its own.
TABS = (
    ("segment", text("General"), text("Segment %(id)s")),
    ("segment_rule", text("Rule"), text("Rule of the segment %(name)s")),
    ("segment_members", text("Customers"), text("Customers in %(name)s")),
    ("segment_price_lists", text("Price lists"), text("Price lists for %(name)s")),
    ("segment_catalog_views", text("Catalog views"), text("Catalog views for %(name)s")),
)


def segment_page(
    template: str, tab: str, of: CustomSegment, visitor: Visitor, *, status_code: int = 200, **context: Any
) -> Page:
    """A tab of a segment's page; `tab` is its route. `context` is what the tab itself shows."""
    links = links_of(visitor.application)
    ((name, heading),) = [(name, heading) for route, name, heading in TABS if route == tab]
    return Page(
        f"back_office/selling/{template}",
        status_code=status_code,
        of=of,
        tab=_(name),
        heading=_(heading, id=of.id, name=of.name),
        tabs=[
            Tab(_(name), links.path(route, segment_id=of.id), route == tab) for route, name, _heading in TABS
        ],
        **context,
    )


async def stored_segment(segment_id: str) -> CustomSegment:
    """The custom segment. Raises NotFoundException."""
    try:
        return await custom_segment(segment_id)
    except SegmentUnknown:
        raise NotFoundException from None
