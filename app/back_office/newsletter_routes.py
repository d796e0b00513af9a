"""Writing a newsletter: to everybody who confirmed it, by mails that each can end by one click."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from litestar import Request, Response, get, post

from app.access import staff
from app.applications import Application, all_applications
from app.back_office.forms import typed_id
from app.back_office.privileges import Privilege
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext
from app.newsletter.sending import Words, count_readers, send_newsletter
from app.pages import Page, see
from app.visitor import CurrentVisitor
from tables.keys import new_key

# What a newsletter can be written in, as everything that the shop says of itself; readers of others get the first.
LANGUAGES = ("en", "de")

Headline = Annotated[str, Text(max_length=120, required=False)]
Paragraphs = Annotated[str, Text(max_length=20_000, multiline=True, required=False)]


class NewsletterForm(Form):
    """A newsletter in one language or more. `key` makes a form that is sent twice one newsletter."""

    shop: Annotated[str, Text(max_length=40)]
    headline_en: Headline
    text_en: Paragraphs
    headline_de: Headline
    text_de: Paragraphs
    key: Annotated[str, Text(max_length=40)]

    @classmethod
    def problems(cls, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """A headline and its text go together, and there is at least one language."""
        begun = [one for one in LANGUAGES if values.get(f"headline_{one}") or values.get(f"text_{one}")]
        for one in begun or LANGUAGES[:1]:
            for name in (f"headline_{one}", f"text_{one}"):
                if values.get(name) == "":
                    yield name, _("Please fill in this field.")


@get("/newsletter", name="newsletter", guards=[staff(Privilege.MARKETING)])
async def newsletter_page() -> Page:
    """The form, with how many people each shop's newsletter reaches."""
    return await _page(blank(NewsletterForm, key=str(new_key())))


@post("/newsletter", name="newsletter_post", guards=[staff(Privilege.MARKETING)])
async def send(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sends the newsletter."""
    form = await read_form(request, NewsletterForm)
    shop = next((one for one in _shops() if one.id == form.value("shop")), None)
    key = typed_id(form.value("key"))
    if shop is None:
        form.add_error("shop", _("Please choose one of the options."))
    if not form.is_valid or shop is None or key is None:
        return await _page(form, 422)
    count = await send_newsletter(shop, _words(form.data), key, visitor)
    said = ngettext("%(n)s mail is on its way.", "%(n)s mails are on their way.", count)
    return see(request, "newsletter", flash=Flash(said))


def _shops() -> list[Application]:
    return [one for one in all_applications() if not one.is_back_office]


def _words(typed: NewsletterForm) -> dict[str, Words]:
    words = {
        one: Words(getattr(typed, f"headline_{one}"), _paragraphs(getattr(typed, f"text_{one}")))
        for one in LANGUAGES
    }
    return {language: one for language, one in words.items() if one.headline}


def _paragraphs(typed: str) -> str:
    parts = (" ".join(part.split()) for part in typed.replace("\r\n", "\n").split("\n\n"))
    return "\n\n".join(filter(None, parts))


async def _page(form: FilledForm[NewsletterForm], status_code: int = 200) -> Page:
    shops = [(one.id, one.name, await count_readers(one)) for one in _shops()]
    return Page("back_office/newsletter.html", status_code=status_code, form=form, shops=shops)


routes = [newsletter_page, send]
