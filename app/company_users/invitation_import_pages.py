"""Inviting people by a file: uploading it, watching what becomes of it, and its results (pages.md)."""

import uuid
from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.amounts import amount_as_typed
from app.company_users.invitation_import import (
    REFUSED,
    Import,
    counts_of,
    import_of,
    lines_of,
    newest_imports,
    upload,
)
from app.company_users.invitation_import_reading import COLUMNS, csv_text
from app.company_users.invitations_pages import MANAGERS, PROVEN_MANAGERS
from app.customers.permissions import BUILT_IN_ROLE_NAMES
from app.forms import FilledForm, Form, blank
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor

# Problems that the page itself shows; all of them are in the file of results.
SHOWN = 50
RESULTS = {
    "invited": text("invited"),
    "already_member": text("acts for your company already"),
    "already_invited": text("invited already"),
    "repeated": text("a second time in the file"),
    "refused": text("not understood"),
    "": text("waiting"),
}


class UploadForm(Form):
    """The file, which is read apart from the other fields."""


@get("/account/users/import", name="import_users", guards=PROVEN_MANAGERS)
async def import_page(visitor: CurrentVisitor) -> Page:
    """The form for a file, and the files uploaded last."""
    return await _page(visitor, blank(UploadForm))


@post("/account/users/import", name="import_users_post", guards=PROVEN_MANAGERS)
async def import_users(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Takes a file in; the worker reads it."""
    file = (await request.form()).get("file")
    content = await file.read() if isinstance(file, UploadFile) else b""
    if not isinstance(file, UploadFile) or not content:
        form = blank(UploadForm)
        form.add_error("file", _("Please choose a file that is not empty."))
        return await _page(visitor, form, 422)
    return see(request, "user_import", upload=await upload(visitor, file.filename, content))


@get("/account/users/import/sample", name="import_users_sample", guards=MANAGERS)
async def sample(visitor: CurrentVisitor) -> Response[bytes]:
    """A file to start from."""
    buyer, approver = (_(BUILT_IN_ROLE_NAMES[role]) for role in ("buyer", "approver"))
    limits = [*map(amount_as_typed, (500_00, 2000_00)), _("month")]
    rows = [
        _headings(),
        ["maria.anders@example.com", "Maria", "Anders", buyer, visitor.language, *limits],
        ["paul.buyer@example.com", "Paul", "Buyer", f"{buyer}, {approver}", visitor.language, "", "", ""],
    ]
    return _download(csv_text(rows, visitor.language), "people-sample.csv")


@get("/account/users/import/{upload:uuid}", name="user_import", guards=MANAGERS)
async def progress_page(visitor: CurrentVisitor, upload: FromPath[uuid.UUID]) -> Page:
    """How far a file has come; refreshes itself while it is worked off, where scripts run."""
    found = await _import(visitor, upload)
    counts = await counts_of(upload)
    return Page(
        "company_users/import_progress.html",
        found=found,
        counts=[(_(RESULTS[result]), counts[result]) for result in RESULTS if counts.get(result)],
        refused=counts.get(REFUSED, 0),
        problems=await lines_of(upload, REFUSED, SHOWN),
        shown=SHOWN,
    )


@get("/account/users/import/{upload:uuid}/refused", name="user_import_refused", guards=MANAGERS)
async def refused_lines(visitor: CurrentVisitor, upload: FromPath[uuid.UUID]) -> Response[bytes]:
    """The lines that were not understood, to be corrected and uploaded again."""
    await _import(visitor, upload)
    rows = [
        [*(line.cells.get(column, "") for column in COLUMNS), str(line.number), line.problem]
        for line in await lines_of(upload, REFUSED)
    ]
    return _download(
        csv_text([[*_headings(), _("Line"), _("Problem")], *rows], visitor.language), "people-to-correct.csv"
    )


@get("/account/users/import/{upload:uuid}/results", name="user_import_results", guards=MANAGERS)
async def results(visitor: CurrentVisitor, upload: FromPath[uuid.UUID]) -> Response[bytes]:
    """Every line with its result."""
    await _import(visitor, upload)
    rows = [
        [str(line.number), line.cells.get("email", ""), _(RESULTS[line.result]), line.problem]
        for line in await lines_of(upload)
    ]
    return _download(
        csv_text([[_("Line"), _("E-mail"), _("Result"), _("Problem")], *rows], visitor.language),
        "results.csv",
    )


async def _import(visitor: Visitor, key: uuid.UUID) -> Import:
    found = await import_of(_customer(visitor), key)
    if found is None:
        raise NotFoundException
    return found


async def _page(visitor: Visitor, form: FilledForm[UploadForm], status_code: int = 200) -> Page:
    return Page(
        "company_users/import.html",
        status_code=status_code,
        form=form,
        newest=await newest_imports(_customer(visitor)),
    )


def _headings() -> list[str]:
    """The heads of the columns as the person calls them; they are read again in any language that they know."""
    return [_(name) for name in COLUMNS.values()]


def _customer(visitor: Visitor) -> uuid.UUID | None:
    return visitor.account.customer_id if visitor.account is not None else None


def _download(content: bytes, name: str) -> Response[bytes]:
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


routes = [import_page, import_users, sample, progress_page, refused_lines, results]
