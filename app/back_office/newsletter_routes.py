"""Writing a newsletter: to everybody who confirmed it, by mails that each can end by one click."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post

from app.access import staff
from app.applications import Application, all_applications
from app.back_office.privileges import Privilege
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext
from app.newsletter.sending import count_readers, send_newsletter
from app.pages import Page, see
from app.visitor import CurrentVisitor
from tables.keys import new_key


class NewsletterForm(Form):
    """A newsletter. `key` makes a form that is sent twice one newsletter."""

    shop: Annotated[str, Text(max_length=40)]
    headline: Annotated[str, Text(max_length=120)]
    text: Annotated[str, Text(max_length=20_000, multiline=True)]
    key: Annotated[str, Text(max_length=40)]


@get("/newsletter", name="newsletter", guards=[staff(Privilege.MARKETING)])
async def newsletter_page() -> Page:
    """The form, with how many people each shop's newsletter reaches."""
    return await _page(blank(NewsletterForm, key=str(new_key())))


@post("/newsletter", name="newsletter_post", guards=[staff(Privilege.MARKETING)])
async def send(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sends the newsletter."""
    form = await read_form(request, NewsletterForm)
    shop = next((one for one in _shops() if one.id == form.value("shop")), None)
    key = _key(form.value("key"))
    if shop is None:
        form.add_error("shop", _("Please choose one of the options."))
    if not form.is_valid or shop is None or key is None:
        return await _page(form, 422)
    paragraphs = "\n\n".join(part for part in _paragraphs(form.data.text) if part)
    count = await send_newsletter(shop, form.data.headline, paragraphs, key, visitor)
    said = ngettext("%(n)s mail is on its way.", "%(n)s mails are on their way.", count)
    return see(request, "newsletter", flash=Flash(said))


def _shops() -> list[Application]:
    return [one for one in all_applications() if not one.is_back_office]


def _paragraphs(typed: str) -> list[str]:
    return [" ".join(part.split()) for part in typed.replace("\r\n", "\n").split("\n\n")]


def _key(typed: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(typed)
    except ValueError:
        return None


async def _page(form: FilledForm[NewsletterForm], status_code: int = 200) -> Page:
    shops = [(one.id, one.name, await count_readers(one)) for one in _shops()]
    return Page("back_office/newsletter.html", status_code=status_code, form=form, shops=shops)


routes = [newsletter_page, send]
