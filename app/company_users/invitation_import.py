"""Inviting people by a CSV file: taken in by a page, read, checked and queued by the worker (domain.md 10).

The file is read in one transaction and its lines are worked off some at a time, each in a transaction with its
result: whatever is killed in between, no line is lost and nobody is invited twice.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import structlog

from app.access import NotPermitted
from app.applications import Application, application_by_id
from app.audit import record
from app.company_users.granting import exceeded, limits_to_grant
from app.company_users.invitation_import_reading import (
    COLUMNS,
    FileRefused,
    invitee_of_line,
    lines_of_file,
)
from app.company_users.invitations import Invitee, Inviter, inviter_of, write_invitations
from app.company_users.managing import managing
from app.company_users.roles import Role, roles_of, together
from app.company_users.rule_words import limit_words
from app.customers.limits import Limits
from app.customers.permissions import Permission
from app.forms import Invalid
from app.languages import current_language
from app.languages import gettext as _
from app.visitor import Visitor
from tables.companies import UserImportState
from tables.engine import DB, DatabaseUnavailable
from tables.keys import new_key
from tables.repeating import MUST_BE_REPEATED

log = structlog.get_logger()

# Lines in one transaction: a change of the company's people waits for no longer than these take.
LINES_AT_A_TIME = 250
# Lines between which the pages of the process get their turn.
CHECKED_AT_ONCE = 20
# A worker that is killed loses its claim after so many seconds.
CLAIM_SECONDS = 60
# What fails so often without anything being done is given up: the person must not wait for it in vain.
MOST_TRIES = 3
# Results are kept for so many days.
KEPT_DAYS = 30
REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """An uploaded file and how far it has come. Times are UTC."""

    id: uuid.UUID
    file_name: str
    state: UserImportState
    problem: str
    lines: int
    lines_done: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state in (UserImportState.DONE, UserImportState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a file with its result: an Outcome, "refused" or, while it waits, ""."""

    number: int
    cells: dict[str, str]
    result: str
    problem: str


_UPLOAD = """
    INSERT INTO user_imports (id, customer, started_by, application, language, file_name, content, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, now())
"""
_IMPORT = """
    SELECT id, file_name, state, problem, lines, lines_done, created_at, finished_at
    FROM user_imports WHERE id = $1 AND customer = $2
"""
_NEWEST = """
    SELECT id, file_name, state, problem, lines, lines_done, created_at, finished_at
    FROM user_imports WHERE customer = $1 ORDER BY created_at DESC LIMIT 10
"""
_LINES = """
    SELECT number, content, result, problem FROM user_import_lines
    WHERE user_import = $1 AND ($2 = '' OR result = $2) ORDER BY number LIMIT $3
"""
_COUNTS = "SELECT result, count(*) AS lines FROM user_import_lines WHERE user_import = $1 GROUP BY result"
_CLAIM = f"""
    UPDATE user_imports SET claimed_until = now() + interval '{CLAIM_SECONDS} seconds', tries = tries + 1,
        state = CASE state WHEN 'uploaded' THEN 'reading' ELSE state END
    WHERE id = (SELECT id FROM user_imports
                WHERE state IN ('uploaded', 'reading', 'running')
                  AND (claimed_until IS NULL OR claimed_until < now())
                ORDER BY created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, customer, started_by, application, language, content, state, tries
"""  # only constants of this module are put in
# Not of who has claimed it since, and not once lines were worked off.
_GIVE_TRY_BACK = "UPDATE user_imports SET tries = tries - 1 WHERE id = $1 AND tries = $2"
_KEEP_LINES = """
    INSERT INTO user_import_lines (id, user_import, number, content)
    SELECT l.id, $1, l.number, l.content::jsonb FROM unnest($2::uuid[], $3::integer[], $4::text[])
        AS l(id, number, content)
"""
_IS_READ = "UPDATE user_imports SET state = 'running', content = NULL, lines = $2, tries = 0 WHERE id = $1"
# Locked, so that nobody is invited who is forgotten at this moment (app/personal_data/forgotten_emails.py).
_NEXT_LINES = f"""
    SELECT id, number, content FROM user_import_lines WHERE user_import = $1 AND result = ''
    ORDER BY number LIMIT {LINES_AT_A_TIME} FOR NO KEY UPDATE
"""  # only constants of this module are put in
_KEEP_RESULTS = """
    UPDATE user_import_lines l SET result = r.result, problem = r.problem
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS r(id, result, problem) WHERE l.id = r.id
"""
_GO_ON = f"""
    UPDATE user_imports SET lines_done = lines_done + $2, tries = 0,
        claimed_until = now() + interval '{CLAIM_SECONDS} seconds'
    WHERE id = $1
"""  # only constants of this module are put in
_END = """
    UPDATE user_imports SET state = $2, problem = $3, content = NULL, claimed_until = NULL, finished_at = now()
    WHERE id = $1
"""
_LOCK_CUSTOMER = "SELECT FROM customers WHERE id = $1 FOR NO KEY UPDATE"
_STARTED_BY = """
    SELECT m.roles, m.order_limit, m.budget_amount, m.budget_period
    FROM memberships m JOIN users u ON u.id = m."user" JOIN customers c ON c.id = m.customer
    WHERE m.id = $1 AND m.customer = $2 AND m.is_active AND u.is_active AND c.is_active
      AND c.approval_status = 'approved'
"""
_DELETE_OLD = f"DELETE FROM user_imports WHERE created_at < now() - interval '{KEPT_DAYS} days'"


async def upload(visitor: Visitor, file_name: str, content: bytes) -> uuid.UUID:
    """Takes a file in for the worker; its key. Raises NotPermitted."""
    key = new_key()
    # A browser may send any name; the database does not take every sign.
    name = "".join(filter(str.isprintable, file_name))[:200]
    async with managing(visitor) as change:
        await DB.execute(
            _UPLOAD,
            key,
            change.customer_id,
            change.membership_id,
            visitor.application.id,
            visitor.language,
            name,
            content,
        )
        await record(
            "invitations uploaded",
            visitor=visitor,
            customer_id=change.customer_id,
            after={"name": name},
        )
    return key


async def import_of(customer_id: uuid.UUID | None, key: uuid.UUID) -> Import | None:
    """An uploaded file of the company, None for one that is not its own."""
    row = await DB.fetch_row(_IMPORT, key, customer_id)
    return _import(row) if row is not None else None


async def newest_imports(customer_id: uuid.UUID | None) -> list[Import]:
    """The files that the company uploaded last."""
    return [_import(row) for row in await DB.fetch(_NEWEST, customer_id)]


async def counts_of(key: uuid.UUID) -> dict[str, int]:
    """How many lines have which result."""
    return {row["result"]: row["lines"] for row in await DB.fetch(_COUNTS, key)}


async def lines_of(key: uuid.UUID, result: str = "", at_most: int = 1_000_000) -> list[Line]:
    """The lines of a file in their order, of one result or all."""
    return [
        Line(
            number=row["number"],
            cells=msgspec.json.decode(row["content"], type=dict[str, str]),
            result=row["result"],
            problem=row["problem"],
        )
        for row in await DB.fetch(_LINES, key, result, at_most)
    ]


async def work_off_imports() -> int:
    """The worker's job: reads, checks and invites what was uploaded; how many lines."""
    done = 0
    while (claimed := await DB.fetch_row(_CLAIM)) is not None:
        # Results are for the person who uploaded the file.
        before = current_language.set(claimed["language"])
        try:
            if claimed["tries"] > MOST_TRIES:
                log.error("file of people to invite has ended its workers", user_import=str(claimed["id"]))
                await _give_up(claimed["id"])
            else:
                done += await _work_off(claimed)
        except (DatabaseUnavailable, *MUST_BE_REPEATED):
            # It is not the file's fault, and so no try of it; where the database still answers.
            with suppress(DatabaseUnavailable):
                await DB.execute(_GIVE_TRY_BACK, claimed["id"], claimed["tries"])
            raise
        except Exception:
            if claimed["tries"] < MOST_TRIES:
                raise
            log.exception("file of people to invite given up", user_import=str(claimed["id"]))
            await _give_up(claimed["id"])
        finally:
            current_language.reset(before)
    return done


async def delete_old_imports() -> int:
    """Forgets files that were uploaded long ago, with the names in them; how many."""
    return await DB.execute(_DELETE_OLD)


async def _work_off(claimed: dict[str, Any]) -> int:
    key = claimed["id"]
    if claimed["content"] is not None:
        try:
            lines = await asyncio.to_thread(lines_of_file, claimed["content"])
        except FileRefused as refused:
            await DB.execute(_END, key, UserImportState.FAILED.value, str(refused))
            return 0
        await _keep_lines(key, lines)
    application = application_by_id(claimed["application"])
    done = 0
    while True:
        try:
            worked = await _next_lines(claimed, application)
        except NotPermitted:
            problem = _("Whoever uploaded the file may not invite people any more.")
            await DB.execute(_END, key, UserImportState.FAILED.value, problem)
            return done
        if not worked:
            await DB.execute(_END, key, UserImportState.DONE.value, "")
            return done
        done += worked


async def _give_up(key: uuid.UUID) -> None:
    problem = _(
        "Something went wrong on our side again and again; we have noted it. Who is invited already stays invited."
        " Please upload the file once more later, or ask us for help."
    )
    await DB.execute(_END, key, UserImportState.FAILED.value, problem)


async def _keep_lines(key: uuid.UUID, lines: Sequence[tuple[int, Mapping[str, str]]]) -> None:
    async with DB.transaction():
        await DB.execute(
            _KEEP_LINES,
            key,
            [new_key() for _line in lines],
            [number for number, _cells in lines],
            [msgspec.json.encode(cells).decode() for _number, cells in lines],
        )
        await DB.execute(_IS_READ, key, len(lines))


async def _next_lines(claimed: dict[str, Any], application: Application | None) -> int:
    """Works off some lines in one transaction; how many. Raises NotPermitted."""
    async with DB.transaction():
        # As every change of the company's people does (app/company_users/managing.py).
        await DB.execute(_LOCK_CUSTOMER, claimed["customer"])
        roles = await roles_of(claimed["customer"])
        row = await DB.fetch_row(_STARTED_BY, claimed["started_by"], claimed["customer"])
        may = together(roles, row.pop("roles")) if row is not None else frozenset()
        if application is None or row is None or Permission.MANAGE_USERS not in may:
            raise NotPermitted
        most = limits_to_grant(Limits(**row), may)
        lines = await DB.fetch(_NEXT_LINES, claimed["id"])
        if lines:
            inviter = await inviter_of(claimed["started_by"])
            results = await _invite(inviter, application, claimed["language"], lines, roles, may, most)
            await DB.execute(
                _KEEP_RESULTS,
                [line["id"] for line in lines],
                [result for result, _problem in results],
                [problem for _result, problem in results],
            )
            await DB.execute(_GO_ON, claimed["id"], len(lines))
        return len(lines)


async def _invite(
    inviter: Inviter,
    application: Application,
    language: str,
    lines: Sequence[dict[str, Any]],
    roles: Sequence[Role],
    may: frozenset[Permission],
    most: Limits,
) -> list[tuple[str, str]]:
    """The result and the problem of each line."""
    results: list[tuple[str, str]] = [("", "")] * len(lines)
    invitees: dict[int, Invitee] = {}
    for n, line in enumerate(lines):
        if n % CHECKED_AT_ONCE == 0:
            await asyncio.sleep(0)
        try:
            cells = msgspec.json.decode(line["content"], type=dict[str, str])
            invitee = invitee_of_line(cells, roles, language=language, languages=application.languages)
            if not together(roles, invitee.roles) <= may:
                raise Invalid(_("You may not grant this role: nobody grants more than they have."))
            more = [
                f"{_(COLUMNS[field])}: "
                + limit_words(field, most, invitee.budget_period, application.currency)
                for field in exceeded(most, invitee.limits)
            ]
            if more:
                raise Invalid(" ".join(more))
            invitees[n] = invitee
        except Invalid as problem:
            results[n] = (REFUSED, str(problem))
    outcomes = await write_invitations(inviter, application, list(invitees.values()))
    for n, outcome in zip(invitees, outcomes, strict=True):
        # Of a line that comes twice the second may lie among other lines than the first.
        results[n] = (outcome.value, "")
    return results


def _import(row: dict[str, Any]) -> Import:
    return Import(**row | {"state": UserImportState(row["state"])})
