"""Watches in which order transactions lock rows, and tells of each that does not keep to tables/lock_order.py.

The database tells of each row that is changed or deleted, and of each that a foreign key looks at, by triggers; what
SELECT … FOR locks stands in the statement. Rows that a transaction has made itself nobody else can wait for. What a
test itself changes in the database is not told of.
"""

import re
import sys
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from tables.lock_order import LOCK_ORDER
from tests.patron_process import PROJECT

# What a row that is only named is asked for; weaker than all others.
NAMED = "named"
# A place in a company is taken away on any day, so that it must be named before the user and their sessions are
# locked. Customers and users go seldom: whoever deletes or merges them may be ended and run again.
AFTER_PLACES = frozenset({"users"})
_FOR = re.compile(
    r"\bFOR (UPDATE|NO KEY UPDATE|SHARE|KEY SHARE)\b(?: OF (\w+)\b)?(?! SKIP LOCKED)", re.IGNORECASE
)
_PROGRAM = str(PROJECT / "app") + "/"
# Loads a whole shop in one transaction, before anybody visits it; it is run again when it was ended.
_DEMO = str(PROJECT / "app" / "demo") + "/"
# Of many rows at once some stand for all: a test may make ten thousand.
_TRIGGERS = """
    CREATE SCHEMA watched;
    CREATE FUNCTION watched.change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE INFO 'watched % % %', lower(TG_OP), TG_TABLE_NAME, OLD.id;
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END
    $$;
    CREATE FUNCTION watched.making() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        made text;
    BEGIN
        FOR made IN SELECT id FROM made_rows LIMIT 50 LOOP
            RAISE INFO 'watched insert % %', TG_TABLE_NAME, made;
        END LOOP;
        RETURN NULL;
    END
    $$;
    CREATE FUNCTION watched.naming() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        named text;
        changed text := CASE TG_OP WHEN 'UPDATE' THEN 'JOIN before_rows b USING (id)' ELSE '' END;
        differs text := CASE TG_OP WHEN 'UPDATE' THEN format('AND b.%1$I IS DISTINCT FROM m.%1$I', TG_ARGV[0]) ELSE '' END;
    BEGIN
        FOR named IN EXECUTE format('SELECT DISTINCT m.%1$I FROM made_rows m %2$s WHERE m.%1$I IS NOT NULL %3$s LIMIT 50',
                                    TG_ARGV[0], changed, differs) LOOP
            RAISE INFO 'watched named % %', TG_ARGV[1], named;
        END LOOP;
        RETURN NULL;
    END
    $$;
"""
_FOREIGN_KEYS = """
    SELECT c.relname AS from_table, a.attname AS from_column, r.relname AS to_table
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND r.relname = ANY($1::text[])
      AND EXISTS (SELECT FROM pg_attribute i WHERE i.attrelid = c.oid AND i.attname = 'id')
"""


@dataclass
class Locks:
    """What one transaction has locked so far, by table: rows, or "all" for what a SELECT … FOR has locked."""

    made: set[tuple[str, str]] = field(default_factory=set)
    named: dict[str, set[str]] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)

    def take(self, table: str, row: str, how: str) -> str:
        """Notes a lock; the table that should have come later, or ""."""
        known = self.held.get(table, set())
        if how == NAMED:
            known = known | self.named.get(table, set())
        if (table, row) in self.made or {row, "all"} & known:
            return ""
        too_early = [one for one in self.held if LOCK_ORDER.index(one) > LOCK_ORDER.index(table)]
        if how == NAMED:
            self.named.setdefault(table, set()).add(row)
            too_early = [one for one in too_early if one in AFTER_PLACES and table == "memberships"]
        else:
            self.held.setdefault(table, set()).add(row)
        return too_early[0] if too_early else ""


# What was found since the last test began.
found: list[str] = []


class WatchedConnection(asyncpg.Connection):
    """A connection that knows what its transaction has locked."""

    locks = Locks()
    query = ""
    is_of_program = False

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        self._watch(query)
        return await super().execute(query, *args, **options)

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[asyncpg.Record]:
        self._watch(query)
        return await super().fetch(query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> asyncpg.Record | None:
        self._watch(query)
        return await super().fetchrow(query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        self._watch(query)
        return await super().fetchval(query, *args, **options)

    def _watch(self, query: str) -> None:
        if not self.is_in_transaction():
            self.locks = Locks()
        self.query, self.is_of_program = query, _is_called_by_program()
        if " FOR " in query:
            for match in _FOR.finditer(query):
                table = _table_of(query[: match.start()], match[2])
                if table in LOCK_ORDER:
                    self._take(table, "all", NAMED if match[1].upper() == "KEY SHARE" else "locked")

    def _take(self, table: str, row: str, how: str) -> None:
        too_early = self.locks.take(table, row, how)
        if too_early and self.is_of_program:
            found.append(f"{table} ({how}) after {too_early}: {' '.join(self.query.split())[:300]}")

    def _process_log_message(self, fields: dict[str, str], last_query: str) -> None:
        # asyncpg calls this for each message of the server, in the order in which the statement caused them.
        _, _, told = fields.get("M", "").partition("watched ")
        if not told:
            return
        how, table, row = told.split(" ", 2)
        if how == "insert":
            self.locks.made.add((table, row))
        else:
            self._take(table, row, how)


async def watch_locks(address: str) -> None:
    """Lets a database tell what is locked in it, to connections of the class above."""
    connection = await asyncpg.connect(address)
    try:
        await connection.execute(_TRIGGERS)
        for table in LOCK_ORDER:
            await connection.execute(
                f"CREATE TRIGGER a_watched_change BEFORE UPDATE OR DELETE ON {table}"
                " FOR EACH ROW EXECUTE FUNCTION watched.change()"
            )
            await connection.execute(
                f"CREATE TRIGGER z_watched_making AFTER INSERT ON {table} REFERENCING NEW TABLE AS made_rows"
                " FOR EACH STATEMENT EXECUTE FUNCTION watched.making()"
            )
        for row in await connection.fetch(_FOREIGN_KEYS, ["memberships"]):
            for event, before in (("INSERT", ""), ("UPDATE", "OLD TABLE AS before_rows")):
                await connection.execute(
                    f"CREATE TRIGGER y_watched_{event}_{row['from_column']} AFTER {event} ON {row['from_table']}"
                    f" REFERENCING NEW TABLE AS made_rows {before} FOR EACH STATEMENT"
                    f" EXECUTE FUNCTION watched.naming('{row['from_column']}', '{row['to_table']}')"
                )
    finally:
        await connection.close()


def _is_called_by_program() -> bool:
    frame, is_called = sys._getframe(2), False
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_DEMO):
            return False
        is_called = is_called or file.startswith(_PROGRAM)
        frame = frame.f_back
    return is_called


def _table_of(before: str, alias: str | None) -> str:
    """The table whose rows a SELECT … FOR locks: that of the alias, else the first of the innermost SELECT."""
    if alias:
        named = re.findall(rf'(?:FROM|JOIN)\s+"?(\w+)"?\s+(?:AS\s+)?{alias}\b', before)
        return named[-1] if named else ""
    depth, start = 0, 0
    for place in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[place], 0)
        if depth < 0:
            start = place
            break
    named = re.findall(r'FROM\s+"?(\w+)"?', before[start:])
    return named[0] if named else ""
