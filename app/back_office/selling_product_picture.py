"""The picture in the form of a product: uploading one, and taking it away."""

from typing import Any

from litestar import Request, Response, get
from litestar.datastructures import UploadFile
from litestar.params import FromPath

from app.access import staff
from app.back_office.privileges import Privilege
from app.catalog.pictures import LEAST_SIDE, MOST_BYTES, MOST_PIXELS, PictureRefused, keep_picture
from app.languages import gettext as _
from app.uploaded_pictures import picture_answer


@get(
    "/product-pictures/{name:str}",
    name="picture",
    guards=[staff(Privilege.CATALOG)],
    opt={"exclude_from_csrf": True},
)
async def picture(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """A picture in the form of its product, which customers may not see yet."""
    return await picture_answer(request, name, "private")


async def chosen_picture(request: Request[Any, Any, Any]) -> tuple[dict[str, str], str]:
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
