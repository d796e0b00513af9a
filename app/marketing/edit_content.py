"""Making, changing and deleting what stands in content slots."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from app.audit import record, recordable
from app.errors import Conflict
from app.segments.targets import aim, aim_at_nobody
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB
from tables.keys import new_key
from tables.segments import TargetKind


@dataclass(frozen=True, kw_only=True)
class ContentDraft:
    """What staff say of a content item. `texts` is Markdown by language; times are UTC."""

    slot: str
    name: str
    texts: Mapping[str, str]
    priority: int = 0
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    is_active: bool = True
    segments: frozenset[str] = field(default_factory=frozenset)
    customers: frozenset[uuid.UUID] = field(default_factory=frozenset)
    organisations: frozenset[uuid.UUID] = field(default_factory=frozenset)
    contracts: frozenset[uuid.UUID] = field(default_factory=frozenset)

    @property
    def values(self) -> tuple[object, ...]:
        """The columns in the order of the statements below."""
        texts = msgspec.json.encode({k: v for k, v in self.texts.items() if v}).decode()
        return (
            self.slot,
            self.name,
            texts,
            self.priority,
            self.valid_from,
            self.valid_to,
            self.is_active,
        )


async def create_content(draft: ContentDraft, *, visitor: Visitor | None = None) -> uuid.UUID:
    """Makes a content item and gives its id. Raises what `app.segments.targets.aim` raises."""
    item = new_key()
    async with DB.transaction():
        await DB.execute(
            "INSERT INTO content_items (id, slot, name, texts, priority, valid_from, valid_to, is_active, version)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1)",
            item,
            *draft.values,
        )
        await _finish("content created", item, draft, visitor)
    return item


async def change_content(
    item: uuid.UUID, draft: ContentDraft, *, version: int, visitor: Visitor | None = None
) -> None:
    """Changes an item that was read with this version. Raises Conflict when somebody else was faster."""
    async with DB.transaction():
        before = await _locked(item)
        changed = await DB.fetch_value(
            "UPDATE content_items SET version = version + 1, (slot, name, texts, priority, valid_from, valid_to,"
            " is_active) = ($2, $3, $4, $5, $6, $7, $8) WHERE id = $1 AND version = $9 RETURNING id",
            item,
            *draft.values,
            version,
        )
        if changed is None:
            raise Conflict
        await _finish("content changed", item, draft, visitor, before)


async def delete_content(item: uuid.UUID, *, visitor: Visitor | None = None) -> bool:
    """Deletes an item. False where there is none."""
    async with DB.transaction():
        before = await _locked(item)
        if not await DB.execute("DELETE FROM content_items WHERE id = $1", item):
            return False
        await aim_at_nobody(TargetKind.CONTENT, str(item), visitor=visitor)
        await record("content deleted", visitor=visitor, before=before)
        await raise_version(Subject.CONTENT)
    return True


async def _finish(
    action: str,
    item: uuid.UUID,
    draft: ContentDraft,
    visitor: Visitor | None,
    before: dict[str, object] | None = None,
) -> None:
    await aim(
        TargetKind.CONTENT,
        str(item),
        segments=draft.segments,
        customers=draft.customers,
        organisations=draft.organisations,
        contracts=draft.contracts,
        visitor=visitor,
    )
    await record(action, visitor=visitor, before=before, after=await _locked(item))
    await raise_version(Subject.CONTENT)


async def _locked(item: uuid.UUID) -> dict[str, object]:
    """An item as it is stored now, for the audit log; nothing of one that there is not."""
    row = await DB.fetch_row(
        "SELECT id, name, slot, texts::text AS texts, priority, valid_from, valid_to, is_active"
        " FROM content_items WHERE id = $1 FOR UPDATE",
        item,
    )
    if row is None:
        return {}
    return recordable({**row, "texts": msgspec.json.decode(row["texts"], type=dict[str, str])})
