"""Reading people out of what somebody pastes: "Maria Anders <maria@…>, paul@…; …" (domain.md 10)."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from app.customers.emails import Email
from app.forms import Invalid
from app.languages import gettext as _

# More is for a file, which is read off the request.
AT_MOST = 100
LONGEST_NAME = 100

_WITH_NAME = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]*)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pasted:
    """One entry: what was pasted, and the person or the problem that it holds."""

    typed: str
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    problem: str = ""


def pasted_people(text: str) -> list[Pasted]:
    """The entries of a text, parted by line breaks, semicolons and commas; "Anders, Maria <…>" is one entry, and so
    are the cells of a row that was copied from a spreadsheet.

    No more are read than tell that there are too many: a body has room for hundreds of thousands, and pages wait
    while they are read.
    """
    return list(islice(_entries(text), AT_MOST + 1))


def _entries(text: str) -> Iterator[Pasted]:
    for line in re.split(r"[\n\r;]+", text):
        if "\t" in line.strip():
            yield _row(line)
            continue
        parts = deque(part for one in line.split(",") if (part := one.strip()))
        while parts:
            entry = parts.popleft()
            if "@" not in entry and parts and "<" in parts[0]:
                entry = _turned(entry, parts.popleft())
            yield _person(entry)


def names_of(name: str) -> tuple[str, str]:
    """First and last name out of a whole one: the last word is the last name."""
    first, _blank, last = " ".join(name.split()).rpartition(" ")
    return first, last


def _row(line: str) -> Pasted:
    """Name and e-mail, in whatever order their cells stand: the one with an @ is the e-mail."""
    cells = [" ".join(cell.split()) for cell in line.split("\t") if cell.strip()]
    emails = [cell for cell in cells if "@" in cell]
    names = " ".join(cell for cell in cells if "@" not in cell)
    person = _person(f"{names} <{emails[0]}>" if len(emails) == 1 else " ".join(cells))
    return replace(person, typed=" ".join(cells))


def _turned(last_name: str, rest: str) -> str:
    first_name, bracket, email = rest.partition("<")
    return f"{first_name.strip()} {last_name} {bracket}{email}"


def _person(entry: str) -> Pasted:
    match = _WITH_NAME.fullmatch(entry)
    name, typed = (match["name"], match["email"]) if match else ("", entry)
    first_name, last_name = names_of(name.replace('"', " "))
    try:
        email = Email().value(Email().clean(typed))
    except Invalid as problem:
        return Pasted(typed=entry, problem=str(problem))
    if max(len(first_name), len(last_name)) > LONGEST_NAME or not name.isprintable():
        return Pasted(typed=entry, problem=_("Please use at most %(n)s characters.", n=LONGEST_NAME))
    return Pasted(typed=entry, email=email, first_name=first_name, last_name=last_name)
