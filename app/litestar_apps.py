"""One Litestar app per application: the base routes plus those of the customer types that it admits."""

import hashlib
import hmac
from typing import Any

from litestar import Litestar, Request
from litestar.config.csrf import CSRFConfig
from litestar.di import Provide
from litestar.plugins.htmx import HTMXRequest
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig

from app.applications import Application
from app.back_office.branch import within_branch
from app.customers.types import Extension
from app.errors import answer_error
from app.pages import environment
from app.routes import back_office_routes, everywhere, extension_routes, shop_routes
from app.settings import settings
from app.visitor import Visitor


def litestar_for(application: Application) -> Litestar:
    """The Litestar app of an application."""
    return Litestar(
        route_handlers=_routes_of(application),
        guards=[within_branch] if application.is_back_office else None,
        request_class=HTMXRequest,
        dependencies={"visitor": Provide(visitor_of, sync_to_thread=False)},
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment())),
        csrf_config=_csrf_config(application),
        exception_handlers={Exception: answer_error},
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def visitor_of(request: Request[Any, Any, Any]) -> Visitor:
    """Who asks; every route may have it as `visitor`."""
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    return visitor


def _routes_of(application: Application) -> list[Any]:
    own = back_office_routes() if application.is_back_office else shop_routes()
    # A page that only some customer types have does not exist elsewhere: 404, not 403 (domain.md 3).
    for extension in Extension:
        if any(one.applies(extension) for one in application.login):
            own += extension_routes(extension)
    of_types = [route for one in application.login for route in one.routes]
    return [*everywhere(), *own, *of_types]


def _csrf_config(application: Application) -> CSRFConfig:
    # A key of its own for each application and purpose, made from the newest secret key.
    secret = hmac.new(settings().secret_keys[0].encode(), f"csrf:{application.id}".encode(), hashlib.sha256)
    return CSRFConfig(
        secret=secret.hexdigest(),
        cookie_name=application.cookie_name("csrf"),
        cookie_path=application.cookie_path,
        cookie_secure=application.is_secure,
        cookie_httponly=True,
        cookie_samesite="strict" if application.is_back_office else "lax",
        exclude_from_csrf_key="exclude_from_csrf",
    )
