"""Every setting of Patron: what it means, what it may be, read once from the environment.

What is different from application to application (names, addresses, lifetimes of links, who may sign in)
stands in `applications.toml`, see `app/applications.py`.
"""

import difflib
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

Environment = Literal["development", "production"]
LogStyle = Literal["console", "json"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Network = IPv4Network | IPv6Network
Value = TypeVar("Value")

SHORTEST_SECRET_KEY = 32
SHORTEST_METRICS_TOKEN = 16
# Keys that a data folder made for development say so, so that production can refuse a copy of them.
DEVELOPMENT_KEY_PREFIX = "development-only-"
# Words of keys that were copied from an example rather than made at random.
WORDS_OF_DEFAULT_KEYS = ("changeme", "change-me", "change_me", "example", "default", "insecure", "secret-key")

VARIABLES = {
    "DATABASE_URL": "address of a PostgreSQL server; empty: the embedded one in the data folder",
    "PATRON_ENV": "development or production",
    "PATRON_DATA_DIR": "folder of the embedded database, uploaded pictures, development secrets and mail files",
    "PATRON_CONFIG": "file of the applications",
    "PATRON_SECRET_KEYS": "keys for links and cookies, comma separated, newest first",
    "PATRON_SMTP_URL": "mail server, smtp://user:password@host:587 or smtps://host:465; required in production",
    "PATRON_MAIL_FROM": "sender of all mails, for example: Patron <shop@example.com>; required in production",
    "PATRON_TRUSTED_PROXIES": "networks whose X-Forwarded-* headers are believed, comma separated",
    "PATRON_LOG": "console or json",
    "PATRON_LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "PATRON_PORT": "port of the server and of {port} in the file of the applications",
    "PATRON_METRICS_TOKEN": "bearer token for /metrics; empty: only this machine in development sees it",
    "PATRON_DATABASE_POOL_SIZE": "database connections of each worker",
    "PATRON_RUN_WORKER": "yes or no: whether serving processes send mail and do the other jobs too",
}


class SettingsError(ValueError):
    """Settings that cannot be used: one sentence for each, naming the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of this process. Secrets are left out of `repr`, which may end in a log."""

    # Production unless said otherwise, so that nobody serves with development secrets by accident.
    environment: Environment
    # Empty: the embedded server under `data_dir`.
    database_url: str = field(repr=False)
    data_dir: Path
    config: Path
    # Newest first: the first signs, all are accepted.
    secret_keys: tuple[str, ...] = field(repr=False)
    # Empty in development only: each mail is a file under `data_dir`/mail.
    smtp_url: str = field(repr=False)
    mail_from: str
    trusted_proxies: tuple[Network, ...]
    log: LogStyle
    log_level: LogLevel
    port: int
    # Empty: /metrics answers only requests of this machine, and only in development.
    metrics_token: str = field(repr=False)
    database_pool_size: int
    run_worker: bool

    @property
    def development(self) -> bool:
        """Whether this is a developer's machine: mails are shown, the second factor may be skipped."""
        return self.environment == "development"


@cache
def settings() -> Settings:
    """The settings of this process, read once. Raises SettingsError for values that cannot be used."""
    return read_settings(os.environ)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables. Raises SettingsError with a sentence for every bad value."""
    problems: list[str] = [*_misspelt(environ)]

    def read(name: str, default: str, parse: Callable[[str], Value], otherwise: Value) -> Value:
        text = environ.get(name, "").strip() or default
        try:
            return parse(text)
        except ValueError as reason:
            problems.append(f"{name} {reason}")
            return otherwise

    fallback: Environment = "production"
    environment = read("PATRON_ENV", fallback, _environment, fallback)
    development = environment == "development"
    data_dir = Path(environ.get("PATRON_DATA_DIR", "").strip() or ".data").expanduser().absolute()
    own_applications = Path(__file__).with_name("applications.toml")
    result = Settings(
        environment=environment,
        data_dir=data_dir,
        database_url=read("DATABASE_URL", "", _database_url, ""),
        config=read("PATRON_CONFIG", str(own_applications), _existing_file, own_applications),
        secret_keys=(),
        smtp_url=read("PATRON_SMTP_URL", "", _smtp_url, ""),
        mail_from=read("PATRON_MAIL_FROM", "Patron <patron@localhost>", _sender, ""),
        trusted_proxies=read("PATRON_TRUSTED_PROXIES", "", _networks, ()),
        log=read("PATRON_LOG", "console" if development else "json", _log_style, "json"),
        log_level=read("PATRON_LOG_LEVEL", "INFO", _log_level, "INFO"),
        port=read("PATRON_PORT", "8000", lambda text: _number(text, 1, 65535), 8000),
        metrics_token=read("PATRON_METRICS_TOKEN", "", _metrics_token, ""),
        database_pool_size=read("PATRON_DATABASE_POOL_SIZE", "10", lambda text: _number(text, 2, 1000), 10),
        run_worker=read("PATRON_RUN_WORKER", "yes", _yes_or_no, True),
    )
    if not development:
        problems += _missing_for_mail(environ)
    try:
        keys = _secret_keys(environ.get("PATRON_SECRET_KEYS", ""), data_dir, development)
    except ValueError as reason:
        problems.append(f"PATRON_SECRET_KEYS {reason}")
    if problems:
        raise SettingsError(problems)
    return replace(result, secret_keys=keys)


def _misspelt(environ: Mapping[str, str]) -> list[str]:
    """A misspelt name would silently mean the default, so names that nobody reads are refused."""
    sentences = []
    for name in sorted(environ):
        if name.startswith("PATRON_") and name not in VARIABLES:
            similar = difflib.get_close_matches(name, VARIABLES, n=1)
            hint = f" Did you mean {similar[0]}?" if similar else ""
            sentences.append(f"{name} is not a setting of Patron.{hint}")
    return sentences


def _missing_for_mail(environ: Mapping[str, str]) -> list[str]:
    """Production has no default for mails: links to a new password or an invitation in a file reach nobody."""
    reasons = {
        "PATRON_SMTP_URL": "is missing: production sends its mails over a mail server of yours.",
        "PATRON_MAIL_FROM": "is missing: mails that leave this machine need a sender of yours.",
    }
    return [f"{name} {reason}" for name, reason in reasons.items() if not environ.get(name, "").strip()]


def _environment(text: str) -> Environment:
    for known in get_args(Environment):
        if text == known:
            environment: Environment = known
            return environment
    raise ValueError(f"must be development or production, not “{text}”.")


def _log_style(text: str) -> LogStyle:
    for known in get_args(LogStyle):
        if text == known:
            style: LogStyle = known
            return style
    raise ValueError(f"must be console or json, not “{text}”.")


def _log_level(text: str) -> LogLevel:
    for known in get_args(LogLevel):
        if text.upper() == known:
            level: LogLevel = known
            return level
    raise ValueError(f"must be DEBUG, INFO, WARNING or ERROR, not “{text}”.")


def _database_url(text: str) -> str:
    # The address may hold a password, so the sentence does not repeat it.
    if text and urlsplit(text).scheme not in ("postgresql", "postgres"):
        raise ValueError("must look like postgresql://user:password@host:5432/name.")
    return text


def _smtp_url(text: str) -> str:
    if not text:
        return ""
    form = "must look like smtp://user:password@host:587 or smtps://user:password@host:465."
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        raise ValueError(form) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == 0:
        raise ValueError(form)
    return text


def _sender(text: str) -> str:
    _, address = parseaddr(text)
    if "@" not in address or any(character in text for character in "\r\n"):
        raise ValueError(f"must be a mail address such as “Patron <shop@example.com>”, not “{text}”.")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    networks: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError:
            raise ValueError(
                f"must list addresses or networks such as 10.0.0.0/8, “{part}” is none."
            ) from None
    return tuple(networks)


def _existing_file(text: str) -> Path:
    path = Path(text).expanduser().absolute()
    if not path.is_file():
        raise ValueError(f"names the file {path}, which does not exist.")
    return path


def _number(text: str, lowest: int, highest: int) -> int:
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise ValueError(f"must be a whole number from {lowest} to {highest}, not “{text}”.")
    return int(text)


def _yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"must be yes or no, not “{text}”.")
    return text == "yes"


def _metrics_token(text: str) -> str:
    if text and len(text) < SHORTEST_METRICS_TOKEN:
        raise ValueError(f"must have at least {SHORTEST_METRICS_TOKEN} characters.")
    return text


def _secret_keys(text: str, data_dir: Path, development: bool) -> tuple[str, ...]:
    keys = tuple(filter(None, (key.strip() for key in text.split(","))))
    if not keys and development:
        return _kept_development_keys(data_dir)
    if not keys:
        raise ValueError("is missing: production needs a secret of its own, made at random.")
    for key in keys:
        if len(key) < SHORTEST_SECRET_KEY:
            raise ValueError(f"holds a key of fewer than {SHORTEST_SECRET_KEY} characters.")
        if not development and _looks_like_a_default(key):
            raise ValueError("holds a key that was not made at random: production needs one that was.")
    return keys


def _looks_like_a_default(key: str) -> bool:
    words = (DEVELOPMENT_KEY_PREFIX, *WORDS_OF_DEFAULT_KEYS)
    # A random key of 32 characters has about 20 different ones, also one of hexadecimal digits has over 8.
    return len(set(key)) < 8 or any(word in key.lower() for word in words)


def _kept_development_keys(data_dir: Path) -> tuple[str, ...]:
    """The key that the data folder keeps for development, made on first use and readable by its owner."""
    path = data_dir / "secret_keys"
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Written aside and linked: of processes that start at once one wins, the others read its key.
            draft = data_dir / f".secret_keys.{os.getpid()}"
            draft.touch(mode=0o600)
            draft.write_text(DEVELOPMENT_KEY_PREFIX + secrets.token_urlsafe(48) + "\n")
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return tuple(path.read_text().split())
    except OSError as error:
        raise ValueError(
            f"is empty, and the data folder {data_dir} cannot keep a key: {error.strerror}."
        ) from None
