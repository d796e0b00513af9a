"""Categories: a tree, held per process and read again when its version changes (architecture.md, Data)."""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from app.versions import Held, Subject
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class Category:
    """A category in the words of one language."""

    id: uuid.UUID
    slug: str
    name: str
    description: str
    picture: str
    parent: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class Node:
    """A category as it is stored: texts by language."""

    id: uuid.UUID
    slug: str
    names: Mapping[str, str]
    descriptions: Mapping[str, str]
    picture: str
    parent: uuid.UUID | None

    def name_in(self, language: str) -> str:
        """The name in a language, else in English, else the slug."""
        return _in(language, self.names) or self.slug

    def in_language(self, language: str) -> Category:
        """The category in the words of a language, else in English, else by its slug."""
        return Category(
            id=self.id,
            slug=self.slug,
            name=self.name_in(language),
            description=_in(language, self.descriptions),
            picture=self.picture,
            parent=self.parent,
        )


@dataclass(slots=True)
class CategoryTree:
    """All categories, in the order in which they are shown."""

    by_id: dict[uuid.UUID, Node] = field(default_factory=dict)
    by_slug: dict[str, Node] = field(default_factory=dict)
    below: dict[uuid.UUID | None, list[Node]] = field(default_factory=dict)

    def with_all_below(self, category: uuid.UUID) -> frozenset[uuid.UUID]:
        """The ids of a category and of all below it; nothing for one that is gone."""
        return frozenset(self._descend(category)) if category in self.by_id else frozenset()

    def way_to(self, category: uuid.UUID) -> list[Node]:
        """The categories from the top down to this one."""
        way: list[Node] = []
        node = self.by_id.get(category)
        while node is not None:
            way.append(node)
            node = self.by_id.get(node.parent) if node.parent is not None else None
        return way[::-1]

    def _descend(self, category: uuid.UUID) -> Iterator[uuid.UUID]:
        yield category
        for node in self.below.get(category, ()):
            yield from self._descend(node.id)


_CATEGORIES = """
    SELECT id, slug, parent, names::text AS names, descriptions::text AS descriptions, picture
    FROM categories ORDER BY position, slug
"""


async def read_categories() -> CategoryTree:
    """All categories as they are now."""
    tree = CategoryTree()
    for row in await DB.fetch(_CATEGORIES):
        node = Node(
            row["id"],
            row["slug"],
            _texts(row["names"]),
            _texts(row["descriptions"]),
            row["picture"],
            row["parent"],
        )
        tree.by_id[node.id] = node
        tree.by_slug[node.slug] = node
        tree.below.setdefault(node.parent, []).append(node)
    return tree


_tree: Held[CategoryTree] = Held(read_categories, Subject.CATALOG)


async def category_tree(versions: Mapping[str, int]) -> CategoryTree:
    """All categories, as of the version that was read with this very request."""
    return await _tree.at(versions)


def _texts(stored: str) -> dict[str, str]:
    return msgspec.json.decode(stored, type=dict[str, str])


def _in(language: str, texts: Mapping[str, str]) -> str:
    return texts.get(language) or texts.get("en") or ""
