"""The routes of each kind of application; customer types add their own (app/litestar_apps.py)."""

from typing import Any

from app import health, language_choice, metrics
from app.catalog import routes as catalog
from app.settings import settings
from app.sign_in import routes as sign_in
from app.sign_in import second_factor_routes
from app.static_files import static_file


def everywhere() -> list[Any]:
    """Routes of every application."""
    found = [static_file, *language_choice.routes, *health.routes, *metrics.routes, *sign_in.routes]
    found += second_factor_routes.routes
    if settings().development:
        from app.mail import mailbox

        found += mailbox.routes
    return found


def shop_routes() -> list[Any]:
    """Routes of every shop."""
    return [*catalog.routes]


def back_office_routes() -> list[Any]:
    """Routes of the back office."""
    return []
