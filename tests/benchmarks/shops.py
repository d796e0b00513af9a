"""What is measured: a Patron in production with people in it, and the bare page beside it, on one PostgreSQL."""

import http.client
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from app.settings import settings
from tables import Category
from tables.engine import close_pool, open_pool
from tests import people
from tests.benchmarks.load import Answer, ask, request
from tests.patron_process import PROJECT, environment, free_port, production

# Each account signs in again and again, so that not one row is written by all at the same time.
ACCOUNTS = 200
# By which the consumer shop knows a browser again (app/sign_in/known_devices.py).
DEVICE_COOKIE = "__Host-patron-shop-device"
# Loopback is the proxy, so that every request may come from a client of its own: what is measured is the
# speed of sign-in, not its limit per client.
TRUSTED_PROXY = "127.0.0.1/32"
STARTS_WITHIN = 30
CATEGORIES = (
    ("beverages", "Beverages", "Soft drinks, coffees, teas, beers, and ales"),
    ("condiments", "Condiments", "Sweet and savoury sauces, relishes, spreads, and seasonings"),
    ("confections", "Confections", "Desserts, candies, and sweet breads"),
    ("dairy-products", "Dairy products", "Cheeses"),
    ("grains-cereals", "Grains and cereals", "Breads, crackers, pasta, and cereal"),
    ("meat-poultry", "Meat and poultry", "Prepared meats"),
    ("produce", "Produce", "Dried fruit and bean curd"),
    ("seafood", "Seafood", "Seaweed and fish"),
)


@dataclass
class Running:
    """A server in a process of its own."""

    port: int
    process: "subprocess.Popen[bytes]"
    # From starting the process to its first answered page.
    seconds_to_first_page: float

    @property
    def workers(self) -> list[int]:
        """Its serving processes."""
        found = [one for one in _processes() if _parent_of(one) == self.process.pid]
        if not found:
            raise AssertionError(f"no worker is left of the server on port {self.port}")
        return found


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def _parent_of(process: int) -> int | None:
    try:
        # After the name, which may hold anything, come the state and the parent (proc_pid_stat(5)).
        return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        # It ended while we were looking.
        return None


async def fill_database(address: str) -> None:
    """The categories of the demo and the people who sign in."""
    os.environ["DATABASE_URL"] = address
    settings.cache_clear()
    await open_pool(2)
    await Category.insert(
        *(
            Category(
                slug=slug,
                position=position,
                names=msgspec.json.encode({"en": name}).decode(),
                descriptions=msgspec.json.encode({"en": description}).decode(),
                picture=f"pictures/categories/{slug}.svg",
            )
            for position, (slug, name, description) in enumerate(CATEGORIES)
        )
    )
    for number in range(ACCOUNTS):
        await people.shopper(email_of(number))
    await close_pool()


def email_of(number: int) -> str:
    """The e-mail of one of the accounts."""
    return f"shopper{number % ACCOUNTS}@example.com"


@contextmanager
def patron_in_production(folder: Path, database_url: str, workers: int = 1) -> Iterator[Running]:
    """`patron serve` as in production: settings, cookies, logs; without the tls before it."""
    folder.mkdir(parents=True, exist_ok=True)
    applications = folder / "applications.toml"
    default = (PROJECT / "app" / "applications.toml").read_text()
    applications.write_text(default.replace("http://localhost:{port}/", "https://localhost/"))
    port = free_port()
    with running(
        [sys.executable, "-m", "app.cli", "serve", "--port", str(port), "--workers", str(workers)],
        port,
        environment(
            folder,
            database_url,
            **production(PATRON_CONFIG=str(applications), PATRON_TRUSTED_PROXIES=TRUSTED_PROXY),
        ),
        folder / "patron.log",
    ) as patron:
        yield patron


@contextmanager
def bare_page(folder: Path, database_url: str, cards: int) -> Iterator[Running]:
    """The page to compare with, of so many cards."""
    port = free_port()
    with running(
        [sys.executable, "-m", "tests.benchmarks.bare_page", str(port), str(cards)],
        port,
        environment(folder, database_url),
        folder / "bare_page.log",
    ) as bare:
        yield bare


@contextmanager
def running(command: list[str], port: int, env: dict[str, str], log: Path) -> Iterator[Running]:
    """A server of that command, from its first answer to the end of the block."""
    with log.open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=PROJECT, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    try:
        while not _answers(port):
            if process.poll() is not None or time.perf_counter() - started > STARTS_WITHIN:
                raise AssertionError(f"{' '.join(command)} did not answer:\n{log.read_text()[-3000:]}")
            time.sleep(0.005)
        yield Running(port, process, time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=STARTS_WITHIN)
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@dataclass(frozen=True)
class SignInForm:
    """The sign-in page as a browser holds it: where to send what, with which token."""

    cookies: dict[str, str]
    csrf_token: str

    def filled_in(self, number: int, client: str) -> bytes:
        """The request that signs one of the accounts in, from the browser that this account always uses.

        A sign-in from a browser that is new to the account costs a mail besides, which is not what is measured.
        """
        form = {"login": email_of(number), "password": people.PASSWORD, "_csrf_token": self.csrf_token}
        browser = {DEVICE_COOKIE: f"{number % ACCOUNTS:043}"}
        return request("/sign-in", cookies=self.cookies | browser, form=form, client=client)


async def sign_in_form(port: int) -> SignInForm:
    """The form as the sign-in page shows it."""
    page = await ask(port, request("/sign-in"))
    token = re.search(rb'name="_csrf_token"[^>]*value="([^"]+)"', page.body)
    if page.status != 200 or token is None:
        raise AssertionError(f"no sign-in form: {page.head}\n{page.body[:2000].decode()}")
    return SignInForm(page.cookies, token[1].decode())


async def signed_in(port: int) -> dict[str, str]:
    """The cookies of somebody who has signed in."""
    form = await sign_in_form(port)
    answer: Answer = await ask(port, form.filled_in(0, "10.0.0.1"))
    if answer.status != 303:
        raise AssertionError(f"could not sign in: {answer.head}\n{answer.body[:3000].decode()}")
    return form.cookies | answer.cookies
