"""What uses a segment, product or category, as pages that ask before deleting tell it."""

from collections.abc import Sequence

from app.back_office.selling_lists import delete_page
from app.languages import gettext as _
from app.languages import text
from app.links import Links
from app.pages import Page
from app.segments.uses import ORGANISATION, RULE, Use
from tables.segments import TargetKind

USES = {
    TargetKind.PRICE_LIST: text("Price list %(name)s"),
    TargetKind.CATALOG_VIEW: text("Catalog view %(name)s"),
    TargetKind.PROMOTION: text("Promotion %(name)s"),
    TargetKind.CONTENT: text("Content %(name)s"),
    TargetKind.SHIPPING_METHOD: text("Shipping method %(name)s"),
    ORGANISATION: text("Organisation %(name)s"),
    RULE: text("Rule of the segment %(name)s"),
}


def delete_page_of_used(
    heading: str, told: str, action: str, back: str, uses: Sequence[Use], links: Links, *, blocked: str = ""
) -> Page:
    """The page that asks before something is deleted that others may use, which it lists. Where `blocked` says what
    has to be changed first, nothing can be deleted there."""
    named = [told_use(one, links) for one in uses]
    return delete_page(heading, blocked or told, "" if blocked else action, back, uses=named)


def told_use(use: Use, links: Links) -> tuple[str, str]:
    """(what uses something, in words; the address of its page or "")."""
    addresses: dict[str, tuple[str, str]] = {
        TargetKind.PRICE_LIST: ("price_list", "list_id"),
        TargetKind.CATALOG_VIEW: ("catalog_view", "view"),
        TargetKind.PROMOTION: ("promotion", "promotion_id"),
        TargetKind.CONTENT: ("content_item", "item"),
        TargetKind.SHIPPING_METHOD: ("shipping_method", "method"),
        ORGANISATION: ("back_office_organisation", "organisation_id"),
        RULE: ("segment", "segment_id"),
    }
    route, parameter = addresses.get(use.kind, ("", ""))
    address = links.path(route, **{parameter: use.owner}) if route else ""
    return _(USES.get(use.kind, use.kind), name=use.name), address
