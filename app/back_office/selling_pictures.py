"""The picture in the form of a product or category: uploading one, and taking it away."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from app.access import staff
from app.back_office.privileges import Privilege
from app.catalog.pictures import (
    LEAST_SIDE,
    MOST_BYTES,
    MOST_PIXELS,
    PictureRefused,
    is_picture,
    keep_picture,
)
from app.forms import F, FilledForm, read_form
from app.languages import gettext as _
from app.uploaded_pictures import picture_answer


@get(
    "/catalog-pictures/{name:str}",
    name="picture",
    guards=[staff(Privilege.CATALOG)],
    opt={"exclude_from_csrf": True},
)
async def picture(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A picture in the form of its product or category, which customers may not see yet."""
    return await picture_answer(request, name, "private")


async def read_form_with_picture(request: Request[Any, Any, Any], form: type[F]) -> FilledForm[F]:
    """What was typed into a form that has a field `picture`, and the picture that was chosen."""
    instead, problem = await _chosen_picture(request)
    filled = await read_form(request, form, **instead)
    if problem:
        filled.add_error("picture_file", problem)
    return filled


def picture_choice(form: FilledForm[Any]) -> dict[str, Any]:
    """What the page needs for the macro of the same name."""
    path = form.value("picture")
    return {"picture": path if is_picture(path) else "", "most_megabytes": MOST_BYTES // 1_000_000}


def words_for_pictures(form: FilledForm[Any], stored: Mapping[str, str | list[str]]) -> dict[str, str]:
    """What is said of the picture that is stored now, where somebody else has changed it: nobody can read a path."""
    now = str(stored["picture"])
    return {now: _("another picture")} if now and now != form.value("picture") else {}


def picture_is_gone() -> str:
    """What is said of a picture that was chosen and then left for more than a day."""
    return _("The picture is no longer there. Please choose it once more.")


async def _chosen_picture(request: Request[Any, Any, Any]) -> tuple[dict[str, str], str]:
    """What counts in the field `picture` instead of what was sent there, and what is wrong with the file that was
    chosen, "" where nothing is.

    The picture is kept at once, so that it is still there when another field has to be corrected.
    """
    sent = await request.form()
    file = sent.get("picture_file")
    if not isinstance(file, UploadFile) or not file.filename:
        return ({"picture": ""} if sent.get("remove_picture") else {}), ""
    try:
        return {"picture": await keep_picture(file.file)}, ""
    except PictureRefused as refused:
        return {}, _what_is_wrong(refused.reason)


def _what_is_wrong(reason: str) -> str:
    if reason == "bytes":
        return _("This file is too large. Please choose one of at most %(n)s MB.", n=MOST_BYTES // 1_000_000)
    if reason == "pixels":
        return _(
            "This picture has too many pixels. Please choose one of at most %(n)s megapixels.",
            n=MOST_PIXELS // 1_000_000,
        )
    if reason == "small":
        return _(
            "This picture is too small. Please choose one of at least %(n)s by %(n)s pixels.", n=LEAST_SIDE
        )
    if reason == "kind":
        return _("This file is no picture that browsers show. Please choose a JPEG, PNG or WebP file.")
    return _("This file cannot be read as a picture. Please save it again, or choose another one.")


routes = [picture]
