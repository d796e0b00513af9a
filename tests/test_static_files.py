"""Static files: kept for a year under names that change with their content."""

import hashlib
import re
import tomllib

import pytest

from app.static_files import STATIC, hashed_name, static_files
from tests.browser_like import visit
from tests.raw_requests import LOCAL, raw_request

ORIGINALS = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.is_file())


def test_the_name_of_a_file_changes_with_its_content() -> None:
    for name in ORIGINALS:
        digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
        assert f".{digest}." in hashed_name(name)
    assert len(static_files()) == len(ORIGINALS)


def test_a_file_that_does_not_exist_has_no_name() -> None:
    with pytest.raises(KeyError):
        hashed_name("css/missing.css")


@pytest.mark.parametrize("prefix", ["", "/business", "/back-office"])
async def test_browsers_keep_files_for_a_year(prefix: str) -> None:
    for name, kind in {
        "css/site.css": "text/css",
        "js/site.js": "text/javascript",
        "pictures/logo.svg": "image/svg+xml",
        "vendor/htmx.min.js": "text/javascript",
    }.items():
        answer = await raw_request("GET", f"{prefix}/static/{hashed_name(name)}")
        assert answer.status == 200
        assert answer.body == (STATIC / name).read_bytes()
        assert answer.header("content-type").partition(";")[0] in (kind, "application/javascript")
        assert answer.header("cache-control") == "public, max-age=31536000, immutable"
        assert answer.header("etag")
        assert not answer.all("set-cookie"), "a shared cache may keep it"
        assert not answer.header("vary")


async def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    address = f"/static/{hashed_name('css/site.css')}"
    etag = (await raw_request("GET", address)).header("etag")
    again = await raw_request("GET", address, headers=[LOCAL, (b"if-none-match", etag.encode())])
    assert again.status == 304
    assert again.body == b""
    assert again.header("etag") == etag
    assert again.header("cache-control") == "public, max-age=31536000, immutable"
    for tags in (f'"other", {etag}', f"W/{etag}", "*"):
        answer = await raw_request("GET", address, headers=[LOCAL, (b"if-none-match", tags.encode())])
        assert answer.status == 304, tags
    other = await raw_request("GET", address, headers=[LOCAL, (b"if-none-match", b'"other"')])
    assert other.status == 200


@pytest.mark.parametrize(
    "name",
    [
        "css/site.css",
        "css/site.000000000000.css",
        "css/",
        "",
        "../app/main.py",
        "..%2f..%2fapp/main.py",
        "%2e%2e/%2e%2e/pyproject.toml",
        "/etc/passwd",
        "css%00",
        "vendor/manifest.toml",
    ],
)
async def test_any_other_name_is_not_found(name: str) -> None:
    answer = await raw_request("GET", f"/static/{name}")
    assert answer.status == 404
    assert "max-age" not in answer.header("cache-control")


@pytest.mark.usefixtures("database")
async def test_every_file_that_pages_name_exists() -> None:
    for application in ("shop", "business", "back-office"):
        person = await visit(application)
        for path in ("/", "/sign-in"):
            page = await person.get(path)
            named = re.findall(r'(?:href|src)="([^"]*/static/[^"]*)"', page.html)
            assert len(named) >= 6
            for address in named:
                assert (await person.client.get(address)).status_code == 200, address


def test_what_others_have_made_is_what_the_manifest_says() -> None:
    manifest = tomllib.loads((STATIC / "vendor" / "manifest.toml").read_text(encoding="utf-8"))
    listed: set[str] = set()
    for one in manifest["vendored"]:
        assert one["name"]
        assert one["version"]
        assert one["licence"]
        assert one["source"]
        assert one["homepage"].startswith("https://")
        for name, checksum in one["files"].items():
            kind, _, digest = checksum.partition(":")
            assert kind == "sha256"
            assert hashlib.sha256((STATIC / name).read_bytes()).hexdigest() == digest, f"{name} was changed"
            listed.add(name)
        assert any(name.endswith("LICENSE") for name in one["files"])
        assert set(one.get("icons", {})) <= set(one["files"])
    in_vendor = {name for name in ORIGINALS if name.startswith("vendor/")} - {"vendor/manifest.toml"}
    assert in_vendor <= listed, "everything in vendor/ is in the manifest"


def test_scripts_and_styles_name_nothing_of_other_sites() -> None:
    for name in ORIGINALS:
        if name.endswith((".css", ".js")) and not name.startswith("vendor/"):
            text = (STATIC / name).read_text(encoding="utf-8")
            assert not re.search(r"(?:https?:)?//[a-z0-9-]+\.[a-z]{2,}", text), name
            assert "@import" not in text
            assert not re.search(r"\beval\s*\(|new Function", text)
