"""What somebody who orders by numbers has typed, pasted or sent as a file, line by line (domain.md 10)."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.basket.quantities import Quantity
from app.catalog.products import canonical_sku
from app.forms import Invalid
from app.languages import gettext as _
from app.uploaded_text import lines_of_text

# The longest number that a product has.
LONGEST_SKU = 60
# What columns are called where the first line of a list names them; in the spelling of `canonical_sku`.
_SKU_HEADINGS = frozenset(
    (
        *("sku", "number", "item", "item number", "article", "article number", "product", "product number"),
        *("nummer", "artikel", "artikelnummer", "artikel-nr.", "art.-nr.", "bestellnummer", "produktnummer"),
    )
)
_QUANTITY_HEADINGS = frozenset(("quantity", "qty", "pieces", "amount", "menge", "anzahl", "stück", "stueck"))
_QUANTITY = Quantity()
_BETWEEN_CELLS = ' \t;,"'


class Source(StrEnum):
    """Where a line stands."""

    ROW = "row"
    PASTED = "pasted"
    FILE = "file"


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedLine:
    """One product and how many of it, as it was typed. `problem` says what is wrong, "" while nothing is."""

    source: Source
    # Counted from 1 as a person counts: empty lines and a line of headings are lines as well.
    number: int
    text: str
    sku: str = ""
    quantity: int = 0
    typed_quantity: str = ""
    problem: str = ""


def typed_rows(skus: Sequence[str], quantities: Sequence[str]) -> list[TypedLine]:
    """The rows of the form that are not empty."""
    padded = [*quantities, *[""] * (len(skus) - len(quantities))]
    return [
        _line(Source.ROW, number, f"{sku} {quantity}".strip(), sku, quantity)
        for number, (sku, quantity) in enumerate(zip(skus, padded, strict=False), 1)
        if sku.strip() or quantity.strip()
    ]


def pasted_lines(text: str) -> list[TypedLine]:
    """The lines of a text: number and quantity parted by a tab, a semicolon, a comma or blanks."""
    return list(_lines(Source.PASTED, lines_of_text(text), ""))


def lines_of_file(text: str) -> list[TypedLine]:
    """The lines of a CSV file; what parts its columns is told by its first line. Further columns are ignored."""
    lines = lines_of_text(text)
    first = next((line for line in lines if line.strip()), "")
    return list(_lines(Source.FILE, lines, _delimiter(first)))


def filled_lines(text: str) -> int:
    """How many lines hold more than blanks and what parts cells, headings included. It costs next to nothing beside
    reading them: a body has room for hundreds of thousands, and pages wait while they are read."""
    return sum(1 for line in lines_of_text(text) if line.strip(_BETWEEN_CELLS))


def _lines(source: Source, lines: Iterable[str], delimiter: str) -> Iterator[TypedLine]:
    columns = (0, 1)
    is_first = True
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        cells = _cells(text, delimiter or _delimiter(text))
        if is_first:
            is_first = False
            named = _named_columns(cells)
            if named is not None:
                columns = named
                continue
        sku, quantity = (cells[column] if column < len(cells) else "" for column in columns)
        # A file of empty cells, which spreadsheets leave below a list.
        if any(cells):
            yield _line(source, number, text.strip(), sku, quantity)


def _line(source: Source, number: int, text: str, sku: str, quantity: str) -> TypedLine:
    sku, quantity = sku.strip(), quantity.strip()
    count, problem = 0, ""
    if not sku:
        problem = _("Please enter the product's number.")
    elif len(sku) > LONGEST_SKU:
        problem = _("We have no such product.")
    elif not quantity:
        problem = _("Please enter how many you want.")
    else:
        try:
            count = _QUANTITY.value(quantity)
        except Invalid as invalid:
            problem = str(invalid)
    return TypedLine(
        source=source,
        number=number,
        text=text,
        sku=sku,
        quantity=count,
        typed_quantity=quantity,
        problem=problem,
    )


def _delimiter(line: str) -> str:
    return next((one for one in "\t;," if one in line), "")


def _cells(line: str, delimiter: str) -> list[str]:
    if not delimiter:
        return line.strip().rsplit(maxsplit=1)
    # Line by line: no number goes over several lines, and a quote that nobody closes shall swallow one at most.
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return [line.strip()]


def _named_columns(cells: Sequence[str]) -> tuple[int, int] | None:
    """Where number and quantity stand, when these are headings; None when they are a line like the others."""
    headings = [canonical_sku(cell) for cell in cells]
    sku = next((column for column, one in enumerate(headings) if one in _SKU_HEADINGS), None)
    quantity = next((column for column, one in enumerate(headings) if one in _QUANTITY_HEADINGS), None)
    return (sku, quantity) if sku is not None and quantity is not None else None
