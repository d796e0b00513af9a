"""Content slots: named places in pages, filled for target groups in Markdown (domain.md 8).

What staff write is rendered and sanitised once and held per process. Pages print it by the template function
`content_slot("home/banner")`, which asks no database: `hold_content` runs before the page, in app/main.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from app.languages import in_language, text
from app.segments.targets import Targets, targeted
from app.versions import Held, Subject
from app.visitor import Visitor
from tables.engine import DB
from tables.segments import TargetKind

# Every slot there is, with where it stands. A template that names another one is refused by a test.
SLOTS: Mapping[str, str] = {
    "home/banner": text("Home page, top"),
    "category/banner": text("Category pages, above the products"),
    "account/welcome": text("Account overview, top"),
    "basket/note": text("Basket, above the lines"),
}
TAGS = {"p", "h2", "h3", "h4", "strong", "em", "ul", "ol", "li", "blockquote", "br", "hr", "code", "a"}
SCHEMES = {"http", "https", "mailto", "tel"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldContent:
    """A content item. Valid from (including) to (excluding), UTC. `texts` is Markdown by language."""

    id: UUID
    slot: str
    priority: int
    texts: Mapping[str, str]
    valid_from: datetime | None
    valid_to: datetime | None
    targets: Targets

    def is_valid(self, at: datetime) -> bool:
        """Whether it is shown at that moment."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at < self.valid_to
        )

    def text(self, language: str) -> str:
        """The Markdown in a language, else in English, else in any."""
        return in_language(self.texts, language)


@dataclass(slots=True)
class _Shelf:
    """The items that are switched on by slot, the first choice first, and what was rendered of them."""

    key: tuple[int, ...] = ()
    by_slot: dict[str, list[HeldContent]] = field(default_factory=dict)
    rendered: dict[tuple[UUID, str, str], Markup] = field(default_factory=dict)


_shelf = _Shelf()


async def hold_content(versions: Mapping[str, int]) -> None:
    """Makes the content of these versions ready for `content_now`; no query where it is held already."""
    global _shelf
    key = tuple(versions.get(one, 0) for one in (Subject.CONTENT, Subject.TARGETS))
    if _shelf.key == key:
        return
    targets = await targeted(TargetKind.CONTENT, versions)
    shelf = _Shelf(key)
    for row in await _rows.at(versions):
        shelf.by_slot.setdefault(row["slot"], []).append(
            HeldContent(
                **{**row, "texts": msgspec.json.decode(row["texts"], type=dict[str, str])},
                targets=targets.get(str(row["id"]), Targets()),
            )
        )
    _shelf = shelf


def content_now(slot: str, visitor: Visitor) -> Markup | None:
    """What a slot shows a visitor: the valid item of the highest priority that is meant for them, or None.

    Of equal priority the older item counts.
    """
    shelf = _shelf
    now, audience = datetime.now(UTC), visitor.audience
    for item in shelf.by_slot.get(slot, ()):
        if item.is_valid(now) and item.targets.holds_for(audience):
            key = (item.id, visitor.language, visitor.application.prefix)
            if key not in shelf.rendered:
                shelf.rendered[key] = rendered(item.text(visitor.language), visitor.application.prefix)
            return shelf.rendered[key] or None
    return None


def rendered(markdown: str, prefix: str = "") -> Markup:
    """The HTML of Markdown, without anything that could run, restyle the page or load from elsewhere.

    Links that begin with / lead to pages of the application, whose path `prefix` is put in front. Headings begin
    at the second level, since the page has its own h1.
    """
    return Markup(  # sanitised in this very line
        nh3.clean(
            _markdown().render(markdown),
            tags=TAGS,
            attributes={"a": {"href", "title"}},
            url_schemes=SCHEMES,
            attribute_filter=lambda _tag, name, value: _address(value, prefix) if name == "href" else value,
            link_rel=None,
        ).strip()
    )


def _address(href: str, prefix: str) -> str | None:
    # //host and /\host lead to other sites in browsers, and would do so under the shop's name.
    if href.startswith("/"):
        return None if href[1:2] in ("/", "\\") else f"{prefix}{href}"
    return href if urlsplit(href).scheme in SCHEMES else None


@cache
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False})
    parser.disable("image")
    parser.core.ruler.push("headings_begin_at_two", _lower_headings)
    return parser


def _lower_headings(state: Any) -> None:
    tokens: list[Token] = state.tokens
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 1, 4)}"


_ITEMS = """
    SELECT id, slot, priority, texts::text AS texts, valid_from, valid_to FROM content_items
    WHERE is_active AND (valid_to IS NULL OR valid_to > now()) ORDER BY slot, priority DESC, id
"""


async def _read_rows() -> list[dict[str, Any]]:
    return await DB.fetch(_ITEMS)


_rows: Held[list[dict[str, Any]]] = Held(_read_rows, Subject.CONTENT)
