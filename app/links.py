"""Links: every address of the site is made here from the name of a route, never by string."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote, urlencode, urlsplit

from litestar import Litestar
from litestar.routes import HTTPRoute

from app.applications import Application, all_applications

_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
# What needs no quoting (RFC 3986, 2.3): most values of addresses are slugs and numbers.
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")


class UnknownLink(LookupError):
    """No route of the application has that name, or a part of its address is missing."""


class Links:
    """The addresses of one application by route name."""

    def __init__(self, application: Application, routes: Iterable[tuple[str, str]]) -> None:
        self._application = application
        # What stands between the values of an address, and the names of these values.
        self._patterns = {name: _parsed(application.prefix + path) for name, path in routes}
        self._fixed = frozenset(parts[0] for parts, parameters in self._patterns.values() if not parameters)
        self._deepest = max((path.count("/") for path in self._fixed), default=0)

    @property
    def names(self) -> frozenset[str]:
        """The names of all routes."""
        return frozenset(self._patterns)

    def path(self, name: str, /, **values: object) -> str:
        """The path on this host, prefix included. Values that the path has no place for make the query;
        None and "" are left out of it. Raises UnknownLink."""
        try:
            found, parameters = self._patterns[name]
        except KeyError:
            raise UnknownLink(f"{self._application.id} has no route named {name}.") from None
        path = found[0]
        for parameter, following in zip(parameters, found[1:], strict=True):
            if parameter not in values:
                raise UnknownLink(f"The address of {name} needs {parameter}.")
            value = str(values.pop(parameter))
            path += (value if _PLAIN.fullmatch(value) else quote(value, safe="")) + following
        if not values:
            return path
        query = {key: value for key, value in values.items() if value is not None and value != ""}
        return f"{path}?{urlencode(query, doseq=True)}" if query else path

    def place(self, path: str) -> str:
        """Where a path is among the addresses without parameters, for navigations: the address itself, or the
        nearest one above it and "/", or "" below none. There are only so many places, and so pages can be kept by
        them; who follows a link to an address or to what is below it is at the same place for that link."""
        path = path.partition("?")[0]
        if path in self._fixed:
            return path
        parts = path.split("/")[: self._deepest + 1]
        while len(parts) > 1:
            above = "/".join(parts)
            if above in self._fixed:
                return above + "/"
            parts.pop()
        return ""

    def url(self, name: str, /, **values: object) -> str:
        """The absolute address for mails: it begins with the configured URL, never with the request's Host."""
        return self._application.origin + self.path(name, **values)


def _parsed(path: str) -> tuple[list[str], list[str]]:
    parts = _PARAMETER.split(path)
    return parts[::2], parts[1::2]


_all_links: dict[str, Links] = {}


def register_links(application: Application, litestar: Litestar) -> Links:
    """Notes the addresses of an application once its routes are known."""
    _all_links[application.id] = Links(application, _named_routes(litestar).items())
    return _all_links[application.id]


def links_of(application: Application) -> Links:
    """The addresses of an application. Raises UnknownLink before its routes are known."""
    try:
        return _all_links[application.id]
    except KeyError:
        raise UnknownLink(f"The routes of {application.id} are not known yet.") from None


def _named_routes(litestar: Litestar) -> Mapping[str, str]:
    named: dict[str, str] = {}
    for route in litestar.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                if handler.name:
                    named[handler.name] = route.path
    return named


def path_within(application: Application, wanted: str | None) -> str | None:
    """The wanted address if it is a path of this application, else None (security.md, Cross-site).

    Browsers read `//evil`, `/\\evil` and control characters as other hosts, so that only a plain path counts.
    """
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or len(wanted) > 2000:
        return None
    parts = urlsplit(wanted)
    # Decoded too, since a server or proxy on the way may decode it. Not printable are control characters and
    # all blanks but the common one.
    path = unquote(parts.path)
    if not (wanted.isprintable() and path.isprintable()) or " " in wanted or "\\" in wanted + path:
        return None
    if parts.scheme or parts.netloc or "//" in path or any(part in (".", "..") for part in path.split("/")):
        return None
    return wanted if application is _application_at(application.host, path) else None


def page_of_form(application: Application, referer: str) -> str | None:
    """The page that a form was sent from, by its Referer, if it is one of this application.

    Without its query: that may hold a token, and this address becomes part of another page's.
    """
    try:
        return path_within(application, urlsplit(referer).path)
    except ValueError:  # no address at all
        return None


def _application_at(host: str, path: str) -> Application | None:
    """The application with the longest prefix of the path, as the dispatcher finds it."""
    below = [
        one
        for one in all_applications()
        if one.host == host and (path == one.prefix or path.startswith(one.prefix + "/"))
    ]
    return max(below, key=lambda one: len(one.prefix), default=None)
