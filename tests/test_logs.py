"""Logs: one JSON record for each event, with the request's id, without secrets and full e-mails."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.logs import without_secrets
from tests.patron_process import PROJECT, environment

SETUP = """
import asyncio, logging, structlog
from app.logs import configure_logs
from app.request_id import current_request_id
configure_logs()
log = structlog.get_logger()
"""


def records(code: str, data_dir: Path) -> list[dict[str, Any]]:
    """What a process that runs the code has logged."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code],
        cwd=PROJECT,
        env=environment(data_dir, PATRON_LOG="json"),
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_an_event_is_one_json_record_with_the_id_of_its_request(tmp_path: Path) -> None:
    (record,) = records("current_request_id.set('abc'); log.info('signed in', application='shop')", tmp_path)
    assert record.pop("timestamp").endswith("Z")
    assert record == {"event": "signed in", "application": "shop", "level": "info", "request_id": "abc"}


def test_whatever_is_logged_is_a_record(tmp_path: Path) -> None:
    code = "log.info('odd', half='\\ud800', euro='€', number=float('nan'), names={1: {2}}, done=object)"
    (record,) = records(code, tmp_path)
    assert (record["event"], record["half"], record["euro"]) == ("odd", "\ud800", "€")


def test_libraries_log_the_same_way(tmp_path: Path) -> None:
    (record,) = records("logging.getLogger('library').warning('mail to %s', 'ines@example.com')", tmp_path)
    assert (record["event"], record["logger"]) == ("mail to i***@example.com", "library")


def test_exceptions_that_nobody_caught_are_logged_without_secrets(tmp_path: Path) -> None:
    (record,) = records("raise ValueError('Key (email)=(ines@example.com) exists')", tmp_path)
    assert record["level"] == "critical"
    assert "ValueError: Key (email)=(i***@example.com) exists" in record["exception"]
    code = "async def task():\n  raise ValueError('lost')\nasync def main():\n  asyncio.create_task(task())\n"
    code += "  await asyncio.sleep(0.05)\nasyncio.run(main())"
    (record,) = records(code, tmp_path)
    assert "ValueError: lost" in record["exception"]


@pytest.mark.parametrize(
    ("name", "value", "logged"),
    [
        ("password", "northwind", "[removed]"),
        ("current_password", "northwind", "[removed]"),
        ("token", "abc", "[removed]"),
        ("Authorization", "Bearer abc", "[removed]"),
        ("set-cookie", "a=b", "[removed]"),
        ("code", "123456", "[removed]"),
        ("secret_keys", ["a"], "[removed]"),
        ("password_hash", "$argon2id$", "[removed]"),
        ("status_code", 200, 200),
        ("country_code", "DE", "DE"),
        ("email", "ines@example.com", "i***@example.com"),
        ("to", ["Ines <ines.vega+shop@mail.example.com>"], ["Ines <i***@mail.example.com>"]),
        (
            "form",
            {"login": "ines@example.com", "password": "x"},
            {"login": "i***@example.com", "password": "[removed]"},
        ),
        ("path", "/reset-password?token=abc.def&next=/", "/reset-password?token=[removed]&next=/"),
        ("address", "postgresql://shop:word@db/shop", "postgresql://shop:[removed]@db/shop"),
        # Only as many letters as an address can have are looked at: to the end from each letter of what strangers
        # ask for would take minutes.
        ("path", "/" + "a" * 100 + "@example.com", "/" + "a" * 37 + "***@example.com"),
    ],
)
def test_what_nobody_may_read_is_removed(name: str, value: object, logged: object) -> None:
    assert without_secrets(None, "info", {name: value}) == {name: logged}
