"""Reading a CSV file of people to invite, however a spreadsheet program wrote it (domain.md 10)."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from app.amounts import Amount
from app.company_users.invitations import Invitee
from app.company_users.roles import Role
from app.customers.emails import Email
from app.customers.limits import PERIODS
from app.forms import Choice, Form, Invalid, Text, fill
from app.languages import gettext as _
from app.languages import text, translations
from app.uploaded_text import NoText, uploaded_text, with_plain_ends
from tables.customers import BudgetPeriod

MOST_LINES = 20_000
# In the order of the sample; a file without a head line has them in this order. What people call them in the sample
# and read beside a problem is in their language.
COLUMNS: Mapping[str, str] = {
    "email": text("E-mail"),
    "first_name": text("First name"),
    "last_name": text("Last name"),
    "roles": text("Roles"),
    "language": text("Language"),
    "order_limit": text("Limit for each order"),
    "budget_amount": text("Budget"),
    "budget_period": text("Period of the budget"),
}
# What people call the columns, without blanks and signs.
_ALSO_CALLED = {
    "email": ("mail", "emailadresse", "emailaddress"),
    "first_name": ("firstname", "givenname", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "name", "nachname"),
    "roles": ("role", "rolle", "rollen"),
    "language": ("sprache",),
    "order_limit": ("limit", "bestelllimit"),
    "budget_amount": ("budget",),
    "budget_period": ("period", "zeitraum"),
}
_COLUMN_OF = {
    alias: column for column, aliases in _ALSO_CALLED.items() for alias in (column.replace("_", ""), *aliases)
}
# To a spreadsheet program a cell that begins so is a formula (security.md, Input and output).
FORMULA_SIGNS = ("=", "+", "-", "@", "\t")
# Who has no role in the file may order and nothing else.
WITHOUT_ROLE = "buyer"


class FileRefused(ValueError):
    """The file as a whole cannot be read; the message is for the person."""


class _LineForm(Form):
    email: Annotated[str, Email()]
    first_name: Annotated[str, Text(required=False, max_length=100)]
    last_name: Annotated[str, Text(required=False, max_length=100)]
    language: Annotated[str, Text(required=False, max_length=10)]
    order_limit: Annotated[int | None, Amount()]
    budget_amount: Annotated[int | None, Amount()]
    budget_period: Annotated[str, Choice(options=PERIODS, required=False)]


def lines_of_file(content: bytes) -> list[tuple[int, dict[str, str]]]:
    """(line in the file, its cells by column) of every line that holds anything. Raises FileRefused.

    Comma, semicolon or tab part the cells; the head line decides.
    """
    if content.startswith(b"PK\x03\x04"):
        raise FileRefused(_("This is a workbook. Please save it as CSV in your spreadsheet program."))
    try:
        whole = with_plain_ends(uploaded_text(content))
    except NoText:
        raise FileRefused(_("This is no text file. Please save the list as CSV.")) from None
    try:
        rows, count = _first_rows(whole)
    except csv.Error:
        raise FileRefused(
            _("The file is no CSV: a quotation mark is missing, or a cell is far too long.")
        ) from None
    if not rows:
        raise FileRefused(_("The file is empty."))
    columns, rest = _columns(rows)
    count -= len(rows) - len(rest)
    if count > MOST_LINES:
        raise FileRefused(
            _(
                "The file has %(n)s lines. Please upload at most %(most)s at a time.",
                n=count,
                most=MOST_LINES,
            )
        )
    if not rest:
        raise FileRefused(_("The file has no line below its head."))
    return [
        (number, {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if column})
        for number, cells in rest
    ]


def invitee_of_line(
    cells: Mapping[str, str], roles: Sequence[Role], *, language: str, languages: Sequence[str]
) -> Invitee:
    """The person of a line. Raises Invalid with all that is wrong with it, for the person who uploaded it."""
    problems = [
        _(
            "%(column)s: a cell that begins with %(sign)s is a formula. Please enter the value.",
            column=_(COLUMNS[name]),
            sign=cell[0],
        )
        for name, cell in cells.items()
        if cell.startswith(FORMULA_SIGNS)
    ]
    filled = fill(
        _LineForm,
        {name: [_period(cell) if name == "budget_period" else cell] for name, cell in cells.items()},
    )
    if not problems:
        problems = [f"{_(COLUMNS[name])}: {message}" for name, message in filled.errors]
    if not problems and (filled.data.budget_amount is None) != (filled.data.budget_period == ""):
        problems = [_("A budget is an amount and a period: please enter both or none.")]
    wanted: tuple[str, ...] = ()
    try:
        wanted = _roles(cells.get("roles", ""), roles, (language, "en"))
    except Invalid as problem:
        problems.append(str(problem))
    if problems:
        raise Invalid(" ".join(problems))
    data = filled.data
    return Invitee(
        email=data.email,
        first_name=data.first_name,
        last_name=data.last_name,
        language=data.language.lower() if data.language.lower() in languages else language,
        roles=wanted,
        order_limit=data.order_limit,
        budget_amount=data.budget_amount,
        budget_period=data.budget_period,
    )


def csv_text(rows: Sequence[Sequence[str]], language: str) -> bytes:
    """A CSV file as spreadsheet programs of the language open it, in UTF-8 with a byte order mark; no cell of it
    is a formula (security.md, Input and output)."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=";" if language == "de" else ",", lineterminator="\r\n")
    for row in rows:
        writer.writerow([f"'{cell}" if cell.startswith((*FORMULA_SIGNS, "\0")) else cell for cell in row])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _first_rows(whole: str) -> tuple[list[tuple[int, list[str]]], int]:
    """No more rows than tell that there are too many, and how many there are. A file has room for millions, which
    would take half a gigabyte."""
    rows: list[tuple[int, list[str]]] = []
    count = 0
    for row in _rows(whole):
        count += 1
        if len(rows) < MOST_LINES + 2:
            rows.append(row)
    return rows, count


def _rows(whole: str) -> Iterator[tuple[int, list[str]]]:
    head = next((line for line in io.StringIO(whole) if line.strip()), "")
    delimiter = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(whole), delimiter=delimiter, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells):
            yield reader.line_num, cells


def _columns(rows: list[tuple[int, list[str]]]) -> tuple[Sequence[str | None], list[tuple[int, list[str]]]]:
    """The column of each cell, and the lines below the head."""
    head = rows[0][1]
    called = _COLUMN_OF | {_plain(said): name for name, own in COLUMNS.items() for said in (own, _(own))}
    named = [called.get(_plain(cell)) for cell in head]
    if "email" in named:
        # Of two columns of one name the first counts.
        return [name if name not in named[:n] else None for n, name in enumerate(named)], rows[1:]
    if any("@" in cell for cell in head):
        return tuple(COLUMNS), rows
    raise FileRefused(
        _("The file has no column for the e-mail. Please name it in the first line, as in the sample.")
    )


def _plain(heading: str) -> str:
    return "".join(filter(str.isalnum, heading.casefold()))


def _roles(typed: str, roles: Sequence[Role], languages: Sequence[str]) -> tuple[str, ...]:
    called = {role.id.casefold(): role.id for role in roles}
    for role in roles:
        names = [translations(one).gettext(role.own_name) for one in languages] if role.is_built_in else []
        called |= {name.casefold(): role.id for name in (role.own_name, *names)}
    wanted = [part.strip() for part in typed.replace(";", ",").replace("|", ",").split(",") if part.strip()]
    for one in wanted:
        if one.casefold() not in called:
            raise Invalid(_("There is no role “%(name)s” in your company.", name=one[:60]))
    return tuple(dict.fromkeys(called[one.casefold()] for one in wanted)) or (WITHOUT_ROLE,)


def _period(typed: str) -> str:
    """A period as people write it: "month", "Half-year", "half_year"."""
    plain = typed.casefold().replace("-", "_").replace(" ", "_")
    german = {
        "woche": "week",
        "monat": "month",
        "quartal": "quarter",
        "halbjahr": "half_year",
        "jahr": "year",
    }
    found = german.get(plain, plain)
    return found if found in set(BudgetPeriod) else typed
