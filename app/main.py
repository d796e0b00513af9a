"""The ASGI application: finds the application of a request and hands over to its Litestar app.

What every request goes through before that, in this order: a request id, the security headers, the host, the
origin and body of changing requests, and who is asking.
"""

import asyncio
import gc
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import structlog
from litestar import Litestar, Request
from litestar.exceptions import NotFoundException
from litestar.types import HTTPScope, Message, Receive, Send

from app.applications import Application, all_applications
from app.basket.mini_basket import with_tax_of_sum
from app.bodies import KeptBody, checked_body
from app.catalog.top_categories import top_categories
from app.client_address import client_key
from app.company_users.looking import refuse_while_looking
from app.cross_site import SAFE_METHODS, is_from_elsewhere
from app.errors import StaleForm, answer_error, error_page
from app.headers import with_headers
from app.languages import current_language, current_time_zone, preferred_language
from app.links import register_links
from app.litestar_apps import litestar_for
from app.marketing.content import hold_content
from app.memory import give_back_memory
from app.request_id import current_request_id, new_request_id
from app.settings import settings
from app.sign_in.breached_passwords import installed_check
from app.sign_in.sessions import keep_session_alive
from app.visitor import Visitor, recognise
from tables.engine import DatabaseUnavailable, close_pool, open_pool
from tables.repeating import wait_for_next_try

log = structlog.get_logger()

# Addresses that know no visitor: they must answer while the database is away.
WITHOUT_VISITOR = ("/static/", "/pictures/", "/health/", "/metrics")
ROBOTS = "/robots.txt"
# Characters of an address that a log record shows. No page has a longer one, and strangers ask for any.
LONGEST_LOGGED = 2000
DEVELOPMENT_HOSTS = frozenset({"localhost", "127.0.0.1"})


class Patron:
    """All configured applications as one ASGI application."""

    def __init__(self, applications: tuple[Application, ...]) -> None:
        self._sites: list[tuple[Application, Litestar]] = []
        # The longest path prefix first, so that /business/ is found before /.
        for application in sorted(applications, key=lambda one: -len(one.prefix)):
            litestar = litestar_for(application)
            register_links(application, litestar)
            self._sites.append((application, litestar))

    @property
    def sites(self) -> list[tuple[Application, Litestar]]:
        """Every application with its Litestar app."""
        return list(self._sites)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI: one request, or the life of the process. There are no websockets."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        request_id = new_request_id()
        current_request_id.set(request_id)
        application = litestar = None
        status = 500

        async def watching_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            application, litestar = self._site_of(scope) or (None, None)
            last = _without_body(watching_send) if scope["method"] == "HEAD" else watching_send
            answer = with_headers(scope, last, request_id, application)
            if application is None or litestar is None:
                await _send_response(error_page(scope, 400), scope, receive, answer)
                return
            await self._hand_over(application, litestar, scope, receive, answer)
        finally:
            _log_request(scope, application, status, time.perf_counter() - started)

    def _site_of(self, scope: HTTPScope) -> tuple[Application, Litestar] | None:
        host = _host_of(scope)
        path = scope["path"]
        for application, litestar in self._sites:
            if _is_host(application, host) and (
                path == application.prefix or path.startswith(application.prefix + "/")
            ):
                return application, litestar
        if path == ROBOTS:
            # Crawlers ask at the root of a host, also where no application lives there.
            for application, litestar in reversed(self._sites):
                if _is_host(application, host):
                    scope["path"] = application.prefix + path
                    return application, litestar
        return None

    async def _hand_over(
        self, application: Application, litestar: Litestar, scope: HTTPScope, receive: Receive, send: Send
    ) -> None:
        """Lets the page answer. When one of its transactions was ended for another one (tables/repeating.py), nothing
        was sent yet: the request is run again from its beginning, as if the person had sent it once more."""
        tried = 0
        while True:
            inner: Any = dict(scope)
            receive = await self._answer_once(application, litestar, scope, inner, receive, send)
            ended = inner.pop("ended_by", None)
            if ended is None:
                if isinstance(receive, KeptBody) and receive.is_large:
                    # What an upload took would otherwise stay with this process. Request and form know each other.
                    del receive, inner
                    gc.collect()
                    give_back_memory()
                return
            tried += 1
            try:
                await wait_for_next_try(ended, tried, f"{scope['method']} {scope['path']}")
            except DatabaseUnavailable as error:
                await _send_response(answer_error(Request(inner), error), inner, receive, send)
                return
            _count_repetition(application)

    async def _answer_once(
        self,
        application: Application,
        litestar: Litestar,
        scope: HTTPScope,
        inner: Any,
        receive: Receive,
        send: Send,
    ) -> Receive:
        """One try of a request, whose scope becomes `inner`; gives what the next one reads the body from."""
        path = scope["path"][len(application.prefix) :] or "/"
        # Litestar answers HEAD on a GET route with 405: the body is taken off by `_without_body` instead.
        inner["method"] = "GET" if scope["method"] == "HEAD" else scope["method"]
        inner["root_path"] = application.prefix
        inner["state"] = {}
        inner["litestar_app"] = litestar
        cookies = _cookies_of(scope)
        language = _language_of(application, scope, cookies)
        current_language.set(language)
        current_time_zone.set(application.time_zone)
        inner["visitor"] = Visitor(application=application, language=language)
        try:
            if application.prefix and scope["path"] == application.prefix:
                inner["path"] = application.prefix + "/"
            if is_from_elsewhere(scope, application):
                raise StaleForm
            if scope["method"] not in SAFE_METHODS:
                receive = await checked_body(scope, receive, path, of_staff=application.is_back_office)
            if not path.startswith(WITHOUT_VISITOR):
                token = cookies.get(application.cookie_name("session"))
                prices = cookies.get(application.cookie_name("prices"), "")
                basket = cookies.get(application.cookie_name("basket"))
                inner["visitor"] = await recognise(application, token, language, prices, basket)
                current_language.set(inner["visitor"].language)
                if scope["method"] not in SAFE_METHODS:
                    refuse_while_looking(inner["visitor"], scope["path"])
                await _keep_alive(inner["visitor"])
                if not application.is_back_office:
                    inner["visitor"] = await with_tax_of_sum(inner["visitor"], basket or "")
                    await hold_content(inner["visitor"].versions)
                    inner["top_categories"] = await top_categories(inner["visitor"])
            if "\x00" in scope["path"]:
                # Nothing has such an address, and the database takes no such text.
                raise NotFoundException
        except Exception as error:  # whatever fails before Litestar is told by a page as well
            await _send_response(
                answer_error(Request(inner), error), inner, receive, _sharing(inner, scope, send)
            )
            return receive
        await litestar(inner, receive, _sharing(inner, scope, send))
        return receive


def _sharing(inner: Any, outer: Any, send: Send) -> Send:
    """Lets the headers see what the page's scope came to hold: the visitor and whether a flash was shown.

    The answer of a try that was ended is kept back."""

    async def sharing_send(message: Message) -> None:
        if "ended_by" in inner:
            return
        if message["type"] == "http.response.start":
            outer["visitor"] = inner["visitor"]
            outer["flash_shown"] = inner.get("flash_shown", False)
        await send(message)

    return sharing_send


def build() -> Patron:
    """The application of this process, from its settings.

    Raises SettingsError, ApplicationsError, BreachedPasswordCheckError.
    """
    from app.logs import configure_logs

    configure_logs()
    installed_check()
    return Patron(all_applications())


async def _live(receive: Receive, send: Any) -> None:
    """Opens the database at start, sends mail while running if asked to, closes all at the end."""
    stop = asyncio.Event()
    worker: asyncio.Task[None] | None = None
    while True:
        message: Any = await receive()
        if message["type"] == "lifespan.startup":
            with suppress(DatabaseUnavailable):
                await open_pool()
            if settings().run_worker:
                from app.worker import run_worker

                worker = asyncio.create_task(run_worker(stop))
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            stop.set()
            if worker is not None:
                with suppress(TimeoutError, asyncio.CancelledError):
                    await asyncio.wait_for(worker, 5)
            await close_pool()
            await send({"type": "lifespan.shutdown.complete"})
            return


async def _keep_alive(visitor: Visitor) -> None:
    if visitor.is_signed_in and visitor.session is not None and not visitor.session.is_used_recently:
        await keep_session_alive(visitor.session.id)


def _is_host(application: Application, host: str) -> bool:
    if host == application.host:
        return True
    return settings().development and host in DEVELOPMENT_HOSTS and application.host in DEVELOPMENT_HOSTS


def _host_of(scope: HTTPScope) -> str:
    """The host that was asked for, without port, in lower case; "" when there is none or more than one."""
    sent = [value for name, value in scope["headers"] if name == b"host"]
    if len(sent) != 1:
        return ""
    host = sent[0].decode("latin-1").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def _language_of(application: Application, scope: HTTPScope, cookies: Mapping[str, str]) -> str:
    accepted = next((value for name, value in scope["headers"] if name == b"accept-language"), b"")
    chosen = cookies.get(application.cookie_name("language"))
    return preferred_language(chosen, accepted.decode("latin-1"), application.languages)


def _cookies_of(scope: HTTPScope) -> dict[str, str]:
    """The cookies by name; of those of one name the first, which has the narrowest path (RFC 6265, 5.4)."""
    found: dict[str, str] = {}
    for header, value in scope["headers"]:
        if header == b"cookie":
            for part in value.decode("latin-1").split(";"):
                name, _, content = part.strip().partition("=")
                found.setdefault(name, unquote(content))
    return found


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            if not message.get("more_body"):
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send(message)

    return send_head


async def _send_response(response: Any, scope: HTTPScope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, Any] = Request(scope)
    await response.to_asgi_response(app=None, request=request)(scope, receive, send)


def _count_repetition(application: Application) -> None:
    from app.metrics import REPEATED

    REPEATED.labels(application.id).inc()


def _log_request(scope: HTTPScope, application: Application | None, status: int, seconds: float) -> None:
    from app.metrics import count_request

    name = application.id if application is not None else ""
    count_request(name, scope["method"], status, seconds)
    log.info(
        "request",
        application=name,
        method=scope["method"],
        path=scope["path"][:LONGEST_LOGGED],
        status=status,
        ms=round(seconds * 1000, 1),
        client=client_key(scope),
    )
