"""Asking somebody outside whether a new password is known from a data breach (security.md, Passwords).

Nobody is asked until an installed package brings a check, by an entry point in the group
`patron.breached_password_checks` that names an object of the form below. The check never sees a password: it is
given the first five of the 40 hexadecimal digits of its SHA-1, which thousands of passwords share, and answers with
the rest of those that it knows. An answer that is late or fails lets the password pass: who wants to register, or
was told to choose a new password, is not held up by somebody else's machine. That covers asking only: a package that
cannot be used stops the start, since nobody would notice that its check is off.
"""

import asyncio
import hashlib
import unicodedata
from collections.abc import Collection
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import structlog

from app.languages import gettext as _

log = structlog.get_logger()

ENTRY_POINT_GROUP = "patron.breached_password_checks"
# Seconds that an answer may take: somebody waits for the page meanwhile.
ANSWER_WITHIN = 1.0
DIGITS_TOLD = 5


@runtime_checkable
class BreachedPasswordCheck(Protocol):
    """What a check of breached passwords is."""

    @property
    def id(self) -> str:
        """Names the check in the log."""

    async def known_with(self, digits: str) -> Collection[str]:
        """Of the breached passwords whose SHA-1 (UTF-8, 40 hexadecimal digits) begins with these digits: the other
        35 digits of each, in upper or lower case. `digits` are in upper case.

        It must not block. Whatever it raises counts as no answer, and so does more than ANSWER_WITHIN seconds.
        """


class BreachedPasswordCheckError(Exception):
    """An installed check cannot be used; the sentence says which one and why."""


@cache
def installed_check() -> BreachedPasswordCheck | None:
    """The check that is installed, the first by name if there are several; None where there is none.

    Called at start (app/main.py), so that nobody waits for its import. Raises BreachedPasswordCheckError for a
    package that cannot be loaded, and for an object that is no check.
    """
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda one: one.name):
        try:
            found = point.load()
        except Exception as error:  # whatever is wrong with it, the operator has to know which package it is
            raise BreachedPasswordCheckError(
                f"The installed package of {point.value} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        if not isinstance(found, BreachedPasswordCheck):
            raise BreachedPasswordCheckError(
                f"{point.value} is no check of passwords (app/sign_in/breached_passwords.py)."
            )
        return found
    return None


async def breach_problem(password: str) -> str | None:
    """Why a password that somebody chooses is refused, as a sentence for the person, or None.

    Asked once all else is right with the password, and outside of transactions: it takes up to ANSWER_WITHIN seconds.
    """
    if not await _is_known(password):
        return None
    return _("This password is known from a data breach, so others try it early. Please choose another one.")


async def _is_known(password: str) -> bool:
    check = installed_check()
    if check is None:
        return False
    name = ""
    try:
        name = check.id
        digits = _digits_of(password)
        async with asyncio.timeout(ANSWER_WITHIN):
            known = await check.known_with(digits[:DIGITS_TOLD])
        return digits[DIGITS_TOLD:] in {one.upper() for one in known}
    except Exception as problem:
        # Somebody else's program; what it says of its failure might hold the digits, so that only the kind is logged.
        log.warning("no answer about a new password", check=name, reason=type(problem).__name__)
        return False


def _digits_of(password: str) -> str:
    # In the one form in which it would be kept (app/sign_in/passwords.py).
    normal = unicodedata.normalize("NFKC", password).encode()
    # The lists of breached passwords are made of SHA-1; nothing is kept or kept safe by it here.
    return hashlib.sha1(normal, usedforsecurity=False).hexdigest().upper()
