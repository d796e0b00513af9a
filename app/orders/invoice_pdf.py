"""An invoice as PDF, A4, with its fonts embedded and its parts tagged in reading order.

The same words give the same bytes: the file's date is the invoice's. A tag says what each piece of text is
(heading, paragraph), so that a screen reader reads the page in its order; lines and page numbers are marked as
decoration (ISO 32000, 14.8).

app.orders.invoices runs it as a program of its own, which reads an InvoiceText as JSON and writes the file. Beside
the text's class nothing of Patron is imported here: the program starts in a third of a second.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec
from fpdf import FPDF
from fpdf.prefs import ViewerPreferences

from app.orders.printed_invoice import InvoiceText

FONTS = Path(__file__).parent / "fonts"
FONT = "DejaVu"
# Millimetres.
LEFT, RIGHT, TOP, BOTTOM = 20.0, 195.0, 18.0, 270.0
LINE, GAP = 4.8, 0.8
SMALL, NORMAL, LARGE = 7.5, 9.0, 15.0
# From the left edge, and whether the column is of numbers; the last ends at RIGHT.
COLUMNS = (
    (20.0, True),
    (29.0, False),
    (53.0, False),
    (111.0, True),
    (127.0, True),
    (151.0, True),
    (168.0, True),
)
TAX_COLUMNS = ((85.0, False), (115.0, True), (140.0, True), (165.0, True))
Tag = Literal["H1", "H2", "P"]


def invoice_pdf(said: InvoiceText) -> bytes:
    """The file. It takes a good part of a second, and 40 MB that stay: not for serving processes."""
    paper = _Paper(said)
    _head(paper, said)
    _table(paper, said.headings, said.rows, COLUMNS)
    _sums(paper, said)
    _taxes(paper, said)
    _notes(paper, said)
    return paper.finished()


class _Paper:
    """Sheets, and where on them the next line goes."""

    def __init__(self, said: InvoiceText) -> None:
        self._said = said
        self.pdf = _empty_file(said)
        self.y = TOP
        self.pdf.add_page()

    def font(self, size: float = NORMAL, *, is_bold: bool = False) -> None:
        """The font of what follows."""
        self.pdf.set_font(FONT, "B" if is_bold else "", size)

    def lines(self, words: str, width: float) -> list[str]:
        """The words in lines of at most that width."""
        broken = self.pdf.multi_cell(width, LINE, words, dry_run=True, output="LINES", align="L")
        assert isinstance(broken, list)
        return broken or [""]

    def write(self, words: str, x: float, width: float, *, to_right: bool = False, tag: Tag = "P") -> float:
        """Writes at the current height, in as many lines as it takes; the height of it."""
        y = self.y
        with self.tagged(tag):
            for line in self.lines(words, width):
                self.pdf.set_xy(x, y)
                self.pdf.cell(width, LINE, line, align="R" if to_right else "L")
                y += LINE
        return y - self.y

    def rule(self, left: float = LEFT) -> None:
        """A thin line to the right edge."""
        with self.decoration():
            self.pdf.set_line_width(0.2)
            self.pdf.line(left, self.y, RIGHT, self.y)

    def has_room(self, height: float) -> bool:
        """Whether that many millimetres still fit onto this sheet."""
        return self.y + height <= BOTTOM

    def next_sheet(self) -> None:
        """Goes on at the top of a new sheet, which says of what it is the next."""
        self.pdf.add_page()
        self.y = TOP
        self.font(SMALL)
        self.y += self.write(self._said.title, LEFT, RIGHT - LEFT) + 3

    def finished(self) -> bytes:
        """All sheets with their feet."""
        pages = len(self.pdf.pages)
        for page in range(1, pages + 1):
            self.pdf.page = page
            self._foot(page, pages)
        return bytes(self.pdf.output())

    def _foot(self, page: int, pages: int) -> None:
        said, seller = self._said, self._said.seller
        # The library says the font again only when it changes, and each page must hear it: so it changes.
        self.font(LARGE)
        self.font(SMALL)
        self.y = BOTTOM + 5
        self.rule()
        self.y += 1
        with self.decoration():
            parts = [", ".join((seller.name, *seller.address)), said.tax_number]
            for words in filter(None, parts):
                self.pdf.set_xy(LEFT, self.y)
                self.pdf.cell(RIGHT - LEFT - 30, LINE, self.lines(words, RIGHT - LEFT - 30)[0])
                self.y += LINE - 1
            self.pdf.set_xy(RIGHT - 30, BOTTOM + 6)
            self.pdf.cell(30, LINE, said.page % {"page": page, "pages": pages}, align="R")

    @contextmanager
    def tagged(self, tag: Tag) -> Iterator[None]:
        """What is written within is one element of the document's structure. The library tags pictures only, so
        that this uses the way by which it does that."""
        number = self.pdf.struct_builder.next_mcid_for_page(self.pdf.page)
        self.pdf._add_marked_content(struct_type=f"/{tag}", mcid=number)
        self.pdf._out(f"/{tag} <</MCID {number}>> BDC")
        yield
        self.pdf._out("EMC")

    @contextmanager
    def decoration(self) -> Iterator[None]:
        """What is drawn within says nothing of its own, and is not read out."""
        self.pdf._out("/Artifact BMC")
        yield
        self.pdf._out("EMC")


def _empty_file(said: InvoiceText) -> FPDF:
    pdf = FPDF(format="A4", unit="mm")
    pdf.set_auto_page_break(False)
    pdf.set_margins(LEFT, TOP)
    pdf.c_margin = 0
    pdf.add_font(FONT, "", FONTS / "DejaVuSansCondensed.ttf")
    pdf.add_font(FONT, "B", FONTS / "DejaVuSansCondensed-Bold.ttf")
    pdf.set_title(said.title)
    pdf.set_author(said.seller.name)
    pdf.set_creator("Patron")
    pdf.set_lang(said.language)
    pdf.set_creation_date(said.written_at)
    pdf.viewer_preferences = ViewerPreferences(display_doc_title=True)
    return pdf


def _head(paper: _Paper, said: InvoiceText) -> None:
    seller = said.seller
    paper.font(12, is_bold=True)
    paper.y += paper.write(seller.name, LEFT, RIGHT - LEFT)
    paper.font(SMALL)
    for words in (", ".join(seller.address), said.tax_number):
        if words:
            paper.y += paper.write(words, LEFT, RIGHT - LEFT) - 1
    # Where a window envelope shows the address (DIN 5008, form B), unless the seller's own lines are longer.
    paper.y = begin = max(paper.y + 8, 50.0)
    paper.font()
    for line in said.recipient:
        paper.y += paper.write(line, LEFT, 85)
    after_address = paper.y
    paper.y = begin
    for name, value in said.facts:
        height = paper.write(f"{name}:", 120, 32)
        paper.y += max(height, paper.write(value, 153, RIGHT - 153, to_right=True))
    paper.y = max(paper.y, after_address, 90.0) + 6
    paper.font(LARGE, is_bold=True)
    paper.y += paper.write(said.title, LEFT, RIGHT - LEFT, tag="H1") + 4
    paper.font()
    if said.introduction:
        paper.y += paper.write(said.introduction, LEFT, RIGHT - LEFT) + 2


def _table(
    paper: _Paper,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: Sequence[tuple[float, bool]],
) -> None:
    """A table whose headings stand again on each further sheet; no row is torn apart."""
    paper.font(SMALL, is_bold=True)
    if not paper.has_room(_height(paper, headings, columns) + 4 * LINE):
        paper.next_sheet()
    _headings(paper, headings, columns)
    for row in rows:
        paper.font()
        if not paper.has_room(_height(paper, row, columns)):
            paper.next_sheet()
            _headings(paper, headings, columns)
            paper.font()
        _row(paper, row, columns)


def _headings(paper: _Paper, headings: Sequence[str], columns: Sequence[tuple[float, bool]]) -> None:
    paper.font(SMALL, is_bold=True)
    _row(paper, headings, columns)
    paper.rule(columns[0][0])
    paper.y += 1


def _row(paper: _Paper, row: Sequence[str], columns: Sequence[tuple[float, bool]]) -> None:
    height = 0.0
    for (x, width, to_right), words in zip(_cells(columns), row, strict=True):
        height = max(height, paper.write(words, x, width, to_right=to_right))
    paper.y += height + GAP


def _height(paper: _Paper, row: Sequence[str], columns: Sequence[tuple[float, bool]]) -> float:
    cells = zip(_cells(columns), row, strict=True)
    return GAP + LINE * max(len(paper.lines(words, width)) for (_x, width, _right), words in cells)


def _cells(columns: Sequence[tuple[float, bool]]) -> Iterator[tuple[float, float, bool]]:
    """(left, width, whether it is of numbers) of each column, with a gap to the next."""
    ends = [x - 2 for x, _is_number in columns[1:]] + [RIGHT]
    for (x, is_number), end in zip(columns, ends, strict=True):
        yield x, end - x, is_number


def _sums(paper: _Paper, said: InvoiceText) -> None:
    if not paper.has_room((len(said.sums) + 1) * LINE):
        paper.next_sheet()
    paper.y += 1
    paper.rule()
    paper.y += 1
    for name, amount, is_last in said.sums:
        paper.font(10 if is_last else NORMAL, is_bold=is_last)
        height = LINE * len(paper.lines(name, 80))
        if not paper.has_room(height):
            paper.next_sheet()
            paper.font(10 if is_last else NORMAL, is_bold=is_last)
        paper.write(name, 85, 80)
        paper.write(amount, 165, RIGHT - 165, to_right=True)
        paper.y += height


def _taxes(paper: _Paper, said: InvoiceText) -> None:
    paper.y += 6
    _table(paper, said.tax_headings, said.tax_rows, TAX_COLUMNS)


def _notes(paper: _Paper, said: InvoiceText) -> None:
    paper.y += 6
    for note in said.notes:
        paper.font()
        if not paper.has_room(LINE * len(paper.lines(note, RIGHT - LEFT))):
            paper.next_sheet()
            paper.font()
        paper.y += paper.write(note, LEFT, RIGHT - LEFT) + 1


if __name__ == "__main__":
    sys.stdout.buffer.write(invoice_pdf(msgspec.json.decode(sys.stdin.buffer.read(), type=InvoiceText)))
