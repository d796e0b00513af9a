"""Ordering by numbers; only where customers have many users (pages.md)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile

from app.basket.owner import keep_basket_on, owner_of
from app.customers.permissions import Permission, permitted
from app.flash import Flash
from app.forms import FilledForm, Form, blank, without_controls
from app.languages import gettext as _
from app.languages import ngettext
from app.pages import Page, see
from app.quick_order.ordering_by_number import MOST_TYPED_LINES, TooManyLines, order_by_number
from app.quick_order.typed_lines import (
    Source,
    TypedLine,
    filled_lines,
    lines_of_file,
    pasted_lines,
    typed_rows,
)
from app.uploaded_text import NoText, uploaded_text
from app.visitor import CurrentVisitor

# Rows of the form at first, and at most: whoever has more pastes them.
ROWS = 5
MOST_ROWS = 50
# What was pasted and the file may each begin with a line of them.
HEADINGS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the form sent: its lines, and as it was typed, for showing the page again when nothing was taken."""

    lines: list[TypedLine]
    rows: list[tuple[str, str]]
    pasted: str
    # Why the file could not be read, "" where it could or there was none.
    file_problem: str
    # How many lines there are, where they are so many that none was read; else 0.
    too_many: int


@get("/quick-order", name="quick_order", guards=[permitted(Permission.PURCHASE)])
async def quick_order_page(request: Request[Any, Any, Any]) -> Page:
    """Rows for numbers and quantities, a field to paste lines, and a file."""
    wanted = request.query_params.get("rows", "")
    rows = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 4 else ROWS
    return _page(blank(Form), [("", "")] * min(rows, MOST_ROWS))


@post("/quick-order", name="quick_order_post", guards=[permitted(Permission.PURCHASE)])
async def order(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Puts into the basket what can be bought; the lines that cannot stay in the form, each with its reason."""
    sent = await _sent(request)
    form = blank(Form, lines=sent.pasted)
    if sent.file_problem:
        form.add_error("file", sent.file_problem)
    elif sent.too_many:
        form.add_error("", _too_many(sent.too_many))
    elif not sent.lines:
        form.add_error("", _("Please enter at least one product and how many you want."))
    if form.errors:
        return _page(form, sent.rows, status_code=422)
    try:
        done = await order_by_number(visitor, owner_of(visitor, request), sent.lines)
    except TooManyLines as refused:
        form.add_error("", _too_many(refused.count))
        return _page(form, sent.rows, status_code=422)
    answer: Response[Any]
    if done.refused:
        answer = _page_of_refused(done.refused, done.products)
    else:
        answer = see(request, "basket", flash=Flash(_added(done.products)))
    keep_basket_on(answer, done.owner, visitor.application)
    return answer


async def _sent(request: Request[Any, Any, Any]) -> Sent:
    form = await request.form()
    skus, quantities = _texts(form.getall("sku", [])), _texts(form.getall("quantity", []))
    pasted = "\n".join(_texts(form.getall("lines", [])))
    file = next((one for one in form.getall("file", []) if isinstance(one, UploadFile)), None)
    in_file, problem = "", ""
    if file is not None:
        try:
            in_file = uploaded_text(await file.read())
        except NoText:
            problem = _("This file holds no text. Please save the list as CSV and choose that file.")
    count = filled_lines(pasted) + filled_lines(in_file)
    is_too_many = count > MOST_TYPED_LINES + HEADINGS
    return Sent(
        lines=[]
        if is_too_many
        else [*typed_rows(skus, quantities), *pasted_lines(pasted), *lines_of_file(in_file)],
        rows=list(zip(skus, quantities, strict=False)),
        pasted=pasted,
        file_problem=problem,
        too_many=count if is_too_many else 0,
    )


def _texts(values: Iterable[Any]) -> list[str]:
    return [without_controls(one) if isinstance(one, str) else "" for one in values]


def _page_of_refused(refused: Sequence[TypedLine], products: int) -> Page:
    """Rows stay rows; all other lines stand in the field for pasting, where they can be corrected."""
    rows = [one for one in refused if one.source is Source.ROW]
    others = [one for one in refused if one.source is not Source.ROW]
    form = blank(Form, lines="\n".join(one.text for one in others))
    for number, row in enumerate(rows, 1):
        form.add_error(f"sku-{number}", row.problem)
    if others:
        said = ngettext(
            "One line was not put into the basket. It stands here and can be corrected.",
            "%(n)s lines were not put into the basket. They stand here and can be corrected.",
            len(others),
        )
        form.add_error("lines", said)
    typed = [(one.sku, one.typed_quantity) for one in rows]
    added = _added(products) if products else ""
    return _page(form, typed, refused=others, added=added, status_code=422)


def _added(products: int) -> str:
    return ngettext("One product is in your basket.", "%(n)s products are in your basket.", products)


def _too_many(count: int) -> str:
    return _(
        "These are %(n)s lines. Please send at most %(most)s at a time; nothing was put into the basket.",
        n=count,
        most=MOST_TYPED_LINES,
    )


def _page(
    form: FilledForm[Form],
    rows: Sequence[tuple[str, str]],
    *,
    refused: Sequence[TypedLine] = (),
    added: str = "",
    status_code: int = 200,
) -> Page:
    shown = [*rows, *[("", "")] * (ROWS - len(rows))]
    return Page(
        "quick_order/quick_order.html",
        status_code=status_code,
        form=form,
        rows=shown,
        refused=refused,
        added=added,
        more_rows=min(len(shown) + 10, MOST_ROWS) if len(shown) < MOST_ROWS else 0,
    )


routes = [quick_order_page, order]
