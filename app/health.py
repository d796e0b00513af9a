"""Health addresses: is the process alive, and can it serve pages?"""

from litestar import Response, get

from app.access import anyone
from tables.engine import DB, DatabaseUnavailable

NO_STORE = {"Cache-Control": "no-store"}


@get("/health/live", name="health_live", guards=[anyone], opt={"exclude_from_csrf": True})
async def live() -> Response[dict[str, str]]:
    """200 as long as the process answers."""
    return Response({"status": "alive"}, headers=NO_STORE)


@get("/health/ready", name="health_ready", guards=[anyone], opt={"exclude_from_csrf": True})
async def ready() -> Response[dict[str, str]]:
    """200 when the database answers, else 503: then no traffic should come here."""
    try:
        await DB.fetch_row("SELECT 1 AS one")
    except DatabaseUnavailable:
        return Response({"status": "database unavailable"}, status_code=503, headers=NO_STORE)
    return Response({"status": "ready"}, headers=NO_STORE)


routes = [live, ready]
