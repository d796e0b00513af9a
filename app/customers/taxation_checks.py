"""Asking somebody outside whether a taxation id exists (domain.md 6).

The worker asks, never the request that saves a company: an outside check that is down or slow holds nobody up. The
result is kept with its time. The standard check asks nobody and looks at the form alone; another one comes as an
installed package with an entry point in the group `patron.taxation_id_checks` that names an object of this form.
"""

import asyncio
from enum import StrEnum
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import structlog

from app.customers.taxation_ids import taxation_id_problem
from app.languages import text
from tables.engine import DB

log = structlog.get_logger()

ENTRY_POINT_GROUP = "patron.taxation_id_checks"
# Seconds that an answer may take, and seconds until somebody who did not answer is asked again.
ANSWER_WITHIN = 10
ASKED_AGAIN_AFTER = 3600
AT_A_TIME = 20


class TaxationIdResult(StrEnum):
    """What was said of a taxation id."""

    VALID = "valid"
    INVALID = "invalid"
    # It has the form that its country uses; nobody outside was asked.
    WELL_FORMED = "well_formed"
    # There was no answer; it is asked for again.
    UNAVAILABLE = "unavailable"


RESULT_NAMES = {
    "": text("Not checked yet"),
    TaxationIdResult.VALID: text("Confirmed"),
    TaxationIdResult.INVALID: text("Not confirmed: please check it"),
    TaxationIdResult.WELL_FORMED: text("Has the form that its country uses"),
    TaxationIdResult.UNAVAILABLE: text("The check did not answer; we will try again"),
}


@runtime_checkable
class TaxationIdCheck(Protocol):
    """What a check of taxation ids is."""

    @property
    def id(self) -> str:
        """Names the check in the log."""

    async def check(self, taxation_id: str, country: str) -> TaxationIdResult:
        """What is known of an id, in its compact spelling; `country` is its ISO 3166 code, "" while unknown.

        Whatever it raises counts as no answer, and so does more than ANSWER_WITHIN seconds.
        """


class FormCheck:
    """The standard check: the form alone, by the rules of the id's country."""

    id = "form"

    async def check(self, taxation_id: str, country: str) -> TaxationIdResult:
        """Well formed or invalid; nobody is asked."""
        problem = taxation_id_problem(taxation_id, country)
        return TaxationIdResult.INVALID if problem else TaxationIdResult.WELL_FORMED


@cache
def installed_check() -> TaxationIdCheck:
    """The check that is installed, the first by name if there are several; else the standard one."""
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda one: one.name):
        found = point.load()
        if not isinstance(found, TaxationIdCheck):
            raise TypeError(f"{point.value} is no check of taxation ids (app/customers/taxation_checks.py).")
        return found
    return FormCheck()


# A claim is the answer "unavailable": whoever is killed in the middle leaves something that is asked for again.
_CLAIM = """
    UPDATE companies SET taxation_id_result = 'unavailable', taxation_id_checked_at = now()
    WHERE id IN (
        SELECT id FROM companies
        WHERE taxation_id <> '' AND (taxation_id_result = ANY($1::text[]) OR (taxation_id_result = 'unavailable'
              AND taxation_id_checked_at < now() - $2 * interval '1 second'))
        ORDER BY taxation_id_checked_at NULLS FIRST LIMIT $3 FOR UPDATE SKIP LOCKED)
    RETURNING id, taxation_id, taxation_id_country AS country
"""
# What was changed while somebody was asked is not what the answer is about.
_KEEP = """
    UPDATE companies SET taxation_id_result = $4, taxation_id_checked_at = now()
    WHERE id = $1 AND taxation_id = $2 AND taxation_id_country = $3
"""


async def check_taxation_ids() -> int:
    """Asks for the taxation ids that nobody has asked for yet, some at a time; for how many."""
    check = installed_check()
    # Once somebody outside can be asked, what was only looked at is asked for as well.
    due = [""] if isinstance(check, FormCheck) else ["", TaxationIdResult.WELL_FORMED]
    rows = await DB.fetch(_CLAIM, due, ASKED_AGAIN_AFTER, AT_A_TIME)
    for row in rows:
        result = await _answer(check, row["taxation_id"], row["country"])
        await DB.execute(_KEEP, row["id"], row["taxation_id"], row["country"], result)
    return len(rows)


async def _answer(check: TaxationIdCheck, taxation_id: str, country: str) -> TaxationIdResult:
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return await check.check(taxation_id, country)
    except Exception as problem:
        # Somebody else's program, and nothing that it does may stop the work for other companies.
        log.warning("no answer about a taxation id", check=check.id, reason=type(problem).__name__)
        return TaxationIdResult.UNAVAILABLE
