"""An HTTP client over the real application that behaves like a person with a browser without JavaScript.

    person = await visit("shop")
    page = await person.get("/register/individual")
    page = await person.fill(page, {"email": "ines@example.com", …})
    assert page.h1 == "Look into your mailbox"

Every page that is fetched is checked: it parses, has one h1, a title, a language, and forms that lead somewhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import html5lib
import httpx
from lxml import html as lxml_html

from app.main import Patron, build
from tables.engine import DB

# What is harmless wherever it stands: a value of an attribute, blank between two tags, and text that is not blank.
HARMLESS = r"(?:[^<>&\"\x00-\x08\x0b-\x1f]|&(?:amp|lt|gt|quot|#\d+);)"
VALUE = re.compile(rf'(?<==)"{HARMLESS}*"')
BLANK = re.compile(r">\s+(?=<)")
TEXT = re.compile(rf">{HARMLESS}+(?=<)")
_valid_shapes: set[int] = set()

ORIGIN = "http://localhost:8000"
PREFIXES = {"shop": "", "business": "/business", "back-office": "/back-office"}


@cache
def patron() -> Patron:
    """The application under test, built once from the default applications."""
    return build()


def forget_patron() -> None:
    """Lets the next visit build the application anew, after settings or customer types were changed."""
    from app import applications, extension_points, languages, pages
    from app.customers import types
    from app.settings import settings

    for kept in (
        patron,
        _known_paths,
        settings,
        applications.all_applications,
        types.all_customer_types,
        extension_points.template_folders,
        extension_points.plug_in_folders,
        pages.environment,
        pages.asset_paths,
        languages.translations,
    ):
        kept.cache_clear()


@dataclass
class SeenPage:
    """What came back, as a person sees it."""

    response: httpx.Response

    def __post_init__(self) -> None:
        self.status = self.response.status_code
        self.path = self.response.url.path + (
            f"?{self.response.url.query.decode()}" if self.response.url.query else ""
        )
        self.html = self.response.text
        self.tree = lxml_html.fromstring(self.html) if self.is_page else None

    @property
    def is_page(self) -> bool:
        """Whether it is an HTML page, and not a redirect, picture or JSON."""
        return self.response.headers.get("content-type", "").startswith("text/html") and bool(
            self.response.text
        )

    @property
    def h1(self) -> str:
        return _words(self.tree.find(".//h1")) if self.tree is not None else ""

    @property
    def title(self) -> str:
        return _words(self.tree.find(".//title"))

    @property
    def text(self) -> str:
        """The visible text, one blank between words."""
        return _words(self.tree.find("body"))

    @property
    def main(self) -> str:
        """The text of the main part."""
        return _words(self.tree.find(".//main"))

    @property
    def errors(self) -> dict[str, str]:
        """Field -> message at the field; "" -> messages of the summary that belong to no field."""
        found: dict[str, str] = {}
        for one in self.tree.iterfind(".//*[@id]"):
            if one.get("id").startswith("error-") and one.get("id") != "error-summary-heading":
                found[one.get("id").removeprefix("error-")] = (
                    _words(one).removeprefix("Error: ").removeprefix("Fehler: ")
                )
        for one in self.tree.iterfind(".//*[@data-error-summary]//li"):
            if one.find("a") is None:
                found[""] = _words(one)
        return found

    @property
    def links(self) -> list[str]:
        """The addresses of all links."""
        return [one.get("href") for one in self.tree.iterfind(".//a[@href]")]

    @property
    def csrf_token(self) -> str:
        found = self.tree.find(".//input[@name='_csrf_token']") if self.tree is not None else None
        return found.get("value") if found is not None else ""

    def form(self, with_field: str | None = None, action: str | None = None) -> Any:
        """The main part's form: the one that has a field or leads to an address, else the first."""
        forms = self.tree.findall(".//main//form")
        for one in forms:
            names = {element.get("name") for element in one.iter("input", "select", "textarea", "button")}
            if (with_field is None or with_field in names) and (
                action is None or one.get("action", "").endswith(action)
            ):
                return one
        raise AssertionError(f"{self.path} has no form with {with_field or action}: {self.h1}")

    def typed(self, name: str) -> str:
        """What stands in a field now."""
        for one in self.tree.iterfind(f".//*[@name='{name}']"):
            if one.tag == "select":
                chosen = one.find(".//option[@selected]")
                return chosen.get("value") if chosen is not None else ""
            if one.tag == "textarea":
                return one.text_content()
            if one.get("type") in ("checkbox", "radio"):
                if one.get("checked") is not None:
                    return one.get("value", "on")
                continue
            return one.get("value", "")
        return ""


@dataclass
class Person:
    """Somebody with a browser: one cookie jar, one application to start from."""

    application: str
    client: httpx.AsyncClient
    last: SeenPage | None = None
    pages_seen: list[str] = field(default_factory=list)

    @property
    def prefix(self) -> str:
        return PREFIXES[self.application]

    def address(self, path: str) -> str:
        """The path with the application's prefix; absolute addresses stay as they are."""
        if path.startswith("http") or (self.prefix and path.startswith(self.prefix + "/")):
            return path
        return self.prefix + path

    async def get(
        self, path: str, *, follow: bool = True, headers: Mapping[str, str] | None = None
    ) -> SeenPage:
        """Opens a page and follows redirects."""
        response = await self.client.get(
            self.address(path), headers=dict(headers or {}), follow_redirects=follow
        )
        return self._see(response)

    async def post(
        self,
        path: str,
        fields: Mapping[str, Any] | None = None,
        *,
        follow: bool = True,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> SeenPage:
        """Sends a form with the token of the last page; with `files`, their names and contents by field."""
        if token is None:
            if self.last is None or not self.last.csrf_token:
                await self.get("/sign-in")
            token = self.last.csrf_token if self.last is not None else ""
        sent = {"_csrf_token": token, **(fields or {})}
        response = await self.client.post(
            self.address(path),
            data={key: value for key, value in sent.items() if value is not None},
            files=files,
            headers={"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", **(headers or {})},
            follow_redirects=follow,
        )
        return self._see(response)

    async def fill(
        self,
        page: SeenPage,
        fields: Mapping[str, Any],
        *,
        form: str | None = None,
        follow: bool = True,
        files: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> SeenPage:
        """Fills in the page's form and sends it, together with what stands in it already; with `files`, their names
        and contents by field."""
        element = page.form(with_field=form or next((name for name in fields), None))
        sent: dict[str, Any] = {}
        for one in element.iter("input", "select", "textarea"):
            name = one.get("name")
            if name is None or one.get("type") in ("submit", "button"):
                continue
            if one.get("type") in ("checkbox", "radio"):
                if one.get("checked") is not None:
                    sent[name] = one.get("value", "on")
            elif one.tag == "select":
                chosen = one.find(".//option[@selected]")
                chosen = chosen if chosen is not None else one.find(".//option")
                sent[name] = chosen.get("value", "") if chosen is not None else ""
            elif one.tag == "textarea":
                sent[name] = one.text_content()
            else:
                sent[name] = one.get("value", "")
        unknown = [name for name in fields if name not in {e.get("name") for e in element.iter()}]
        assert not unknown, f"{page.path} does not ask for {unknown}"
        sent |= fields
        sent = {name: value for name, value in sent.items() if name not in (files or {})}
        action = urljoin(str(page.response.url), element.get("action") or "")
        return await self.post(action, sent, follow=follow, token=sent.get("_csrf_token"), files=files)

    async def sign_in(self, login: str, password: str, **fields: str) -> SeenPage:
        """Signs in on the application's sign-in page."""
        page = await self.get("/sign-in")
        return await self.fill(page, {"login": login, "password": password, **fields})

    def cookie(self, purpose: str) -> str | None:
        """A cookie of the application."""
        name = f"patron-{self.application}-{purpose}"
        return next((one.value for one in self.client.cookies.jar if one.name == name), None)

    def _see(self, response: httpx.Response) -> SeenPage:
        page = SeenPage(response)
        if page.is_page:
            check_page(page)
            self.last = page
        self.pages_seen.append(f"{response.request.method} {response.url.path}")
        return page


async def visit(
    application: str = "shop", *, language: str = "en", address: str = "127.0.0.1", host: str = ORIGIN
) -> Person:
    """A new person with an empty cookie jar, at an address of their own if wanted."""
    transport = httpx.ASGITransport(app=patron(), client=(address, 50000))
    client = httpx.AsyncClient(
        transport=transport,
        base_url=host,
        headers={"Accept-Language": language, "User-Agent": "Mozilla/5.0 (test)"},
    )
    return Person(application, client)


def check_page(page: SeenPage) -> None:
    """What every page must be: valid, with language, title, one h1, distinct ids, labelled fields, known forms."""
    where = f"{page.path} ({page.status})"
    check_html(page.html, where)
    tree = page.tree
    assert tree.get("lang"), f"{where} says no language"
    assert page.title, f"{where} has no title"
    assert len(tree.findall(".//h1")) == 1, f"{where} has {len(tree.findall('.//h1'))} h1"
    ids = [one.get("id") for one in tree.iterfind(".//*[@id]")]
    assert len(ids) == len(set(ids)), f"{where} has an id twice: {[i for i in ids if ids.count(i) > 1]}"
    for one in tree.iterfind(".//label[@for]"):
        assert one.get("for") in ids, f"{where} labels {one.get('for')}, which is not there"
    for one in tree.iter("input", "select", "textarea", "a", "button", "img", "p", "div", "span", "section"):
        assert not any(name == "style" or name.startswith("on") for name in one.attrib), (
            f"{where}: inline {one.tag}"
        )
    assert not [one for one in tree.iter("script") if not one.get("src")], f"{where} has an inline script"
    assert not tree.findall(".//style"), f"{where} has an inline style"
    for one in tree.iterfind(".//form"):
        path = urlsplit(urljoin(str(page.response.url), one.get("action") or "")).path
        assert any(pattern.fullmatch(path) for pattern in _known_paths()), f"{where} has a form to {path}"


def check_html(html: str, where: str) -> None:
    """Fails for a page that is not valid HTML; `where` is what it is called then."""
    # The strict parser is slow. It judges the tags, the names of their attributes, and the signs that texts must not
    # have: a page that has these in common with one that was valid is valid too, whatever it says.
    shape = hash(TEXT.sub(">x", BLANK.sub(">", VALUE.sub('""', html))))
    if shape in _valid_shapes:
        return
    try:
        html5lib.HTMLParser(strict=True).parse(html)
    except html5lib.html5parser.ParseError as error:
        raise AssertionError(f"{where} is not valid HTML: {error}") from error
    _valid_shapes.add(shape)


@cache
def _known_paths() -> list[re.Pattern[str]]:
    found = []
    for application, litestar in patron().sites:
        for route in litestar.routes:
            pattern = re.sub(
                r"\\\{\w+:path\\\}", ".+", re.sub(r"\\\{\w+:(?!path)\w+\\\}", "[^/]+", re.escape(route.path))
            )
            found.append(re.compile(re.escape(application.prefix) + pattern))
    return found


def _words(element: Any) -> str:
    if element is None:
        return ""
    return " ".join(element.text_content().split())


@dataclass(frozen=True)
class QueuedMail:
    """A mail in the outbox."""

    kind: str
    to: str
    language: str
    subject: str
    text: str
    html: str

    @property
    def links(self) -> list[str]:
        """The addresses in the text."""
        return re.findall(r"https?://[^\s>]+", self.text)

    @property
    def link(self) -> str:
        """The address that acts for the person: the first with a token, else the first."""
        return next((one for one in self.links if "token=" in one), self.links[0])


async def mails(kind: str | None = None, to: str | None = None) -> list[QueuedMail]:
    """What waits in the outbox, oldest first, after the worker has answered requests for reminders and codes."""
    from app.sign_in.codes import answer_code_requests
    from app.sign_in.reminders import answer_reminder_requests

    await answer_reminder_requests()
    await answer_code_requests()
    rows = await DB.fetch("SELECT * FROM outbox_mails ORDER BY created_at, id")
    found = [
        QueuedMail(
            row["kind"], row["to_email"], row["language"], row["subject"], row["text_body"], row["html_body"]
        )
        for row in rows
    ]
    return [one for one in found if kind in (None, one.kind) and to in (None, one.to)]
