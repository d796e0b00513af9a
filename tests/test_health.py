"""Health addresses: for whoever watches over the processes."""

import pytest

from app.applications import all_applications
from tables.engine import DB
from tests.raw_requests import LOCAL, raw_request


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("path", ["live", "ready"])
async def test_a_healthy_process_says_so_in_every_application(path: str) -> None:
    for application in all_applications():
        answer = await raw_request("GET", f"{application.prefix}/health/{path}")
        assert answer.status == 200
        assert answer.header("content-type").startswith("application/json")
        assert answer.header("cache-control") == "no-store"
        assert answer.text in ('{"status":"alive"}', '{"status":"ready"}')
        assert not answer.all("set-cookie")


@pytest.mark.usefixtures("database")
async def test_asking_for_health_makes_no_session_and_no_rows() -> None:
    tables = ("sessions", "limit_counters", "sign_in_attempts")
    known = [row["tablename"] for row in await DB.fetch("SELECT tablename FROM pg_tables")]
    for _ in range(5):
        await raw_request("GET", "/health/ready", headers=[LOCAL, (b"cookie", b"patron-shop-session=x")])
    for table in tables:
        if table in known:
            assert await DB.fetch_value(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.usefixtures("database")
async def test_health_is_only_read() -> None:
    for path in ("/health/live", "/health/ready"):
        assert (await raw_request("HEAD", path)).status == 200
        assert (await raw_request("POST", path)).status in (403, 405)
        assert (await raw_request("DELETE", path)).status in (403, 405)
