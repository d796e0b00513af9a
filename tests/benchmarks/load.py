"""A load generator: so many connections, each with one request after the other, for so many seconds."""

import asyncio
import re
import shutil
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

# Seconds. No run is longer, so that a mistake cannot keep the machine busy.
LONGEST_RUN = 10
WRK = shutil.which("wrk")


@dataclass
class Load:
    """What a run brought: how many answers of which status, and how long each took."""

    seconds: float
    statuses: Counter[int] = field(default_factory=Counter)
    # Seconds from request to complete answer.
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answers per second."""
        return self.statuses.total() / self.seconds

    @property
    def p95(self) -> float:
        """Milliseconds that 95 % of the answers stayed within."""
        return statistics.quantiles(self.latencies, n=100)[94] * 1000

    def expect(self, status: int) -> "Load":
        """This run, if all its answers had that status; a run of error pages measures nothing."""
        if set(self.statuses) != {status}:
            raise AssertionError(f"expected answers of status {status}, got {dict(self.statuses)}")
        return self


@dataclass(frozen=True)
class Answer:
    """One complete answer."""

    status: int
    head: str
    body: bytes

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that the answer sets."""
        return dict(re.findall(r"(?im)^set-cookie: ([^=]+)=([^;\r\n]*)", self.head))


def request(
    path: str,
    *,
    cookies: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    client: str = "",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The bytes of a GET, or with a form of a POST, from a client behind the trusted proxy."""
    body = urlencode(form).encode() if form is not None else b""
    lines = [f"{'GET' if form is None else 'POST'} {path} HTTP/1.1", "host: localhost"]
    if cookies:
        lines.append("cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
    if client:
        lines.append(f"x-forwarded-for: {client}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if form is not None:
        lines += ["content-type: application/x-www-form-urlencoded", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def ask(port: int, wanted: bytes) -> Answer:
    """One answer on a connection of its own."""
    answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
    transport, _ = await asyncio.get_running_loop().create_connection(
        lambda: _Connection(lambda: wanted, lambda answer, _: answered.set_result(answer), once=True),
        "127.0.0.1",
        port,
    )
    try:
        async with asyncio.timeout(LONGEST_RUN):
            return await answered
    finally:
        transport.close()


async def run(
    port: int,
    next_request: Callable[[], bytes],
    *,
    connections: int,
    seconds: float,
    pause: float = 0,
    lead: float = 0,
) -> Load:
    """Keeps every connection busy with one request after the other, or with `pause` seconds in between.

    Answers count after `lead` seconds: at the beginning nothing but the first halves of so many requests is done, at
    the end as many are left behind half done, so that only in between as much comes out as goes in.
    """
    assert lead + seconds <= LONGEST_RUN
    load = Load(seconds)
    begin = time.perf_counter() + lead
    end = begin + seconds

    def note(answer: Answer, took: float) -> None:
        if begin < time.perf_counter() <= end:
            load.statuses[answer.status] += 1
            load.latencies.append(took)

    loop = asyncio.get_running_loop()
    made = await asyncio.gather(
        *(
            loop.create_connection(lambda: _Connection(next_request, note, pause=pause), "127.0.0.1", port)
            for _ in range(connections)
        )
    )
    await asyncio.sleep(max(0.0, end - time.perf_counter()))
    for _, connection in made:
        connection.is_over = True
    # The last answers are waited for, so that what comes next finds the server idle.
    await asyncio.wait([connection.closed for _, connection in made], timeout=LONGEST_RUN)
    return load


async def throughput(
    port: int, path: str, *, cookies: Mapping[str, str], connections: int, seconds: float
) -> float:
    """Answers per second of a page: by wrk where it is installed, since it leaves more of the machine to the
    server, else by `run`. Raises AssertionError for answers that are no pages."""
    if WRK is None:
        wanted = request(path, cookies=cookies)
        return (
            (await run(port, lambda: wanted, connections=connections, seconds=seconds)).expect(200).per_second
        )
    arguments = ["-t1", f"-c{connections}", f"-d{round(seconds)}s", "-H", "Host: localhost"]
    if cookies:
        arguments += ["-H", "Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items())]
    process = await asyncio.create_subprocess_exec(
        WRK, *arguments, f"http://127.0.0.1:{port}{path}", stdout=asyncio.subprocess.PIPE
    )
    said = (await process.communicate())[0].decode()
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise AssertionError(f"wrk could not measure {path}:\n{said}")
    return float(found[1])


class _Connection(asyncio.Protocol):
    """A kept-alive connection that asks, reads the whole answer, and asks again."""

    def __init__(
        self,
        next_request: Callable[[], bytes],
        note: Callable[[Answer, float], None],
        *,
        pause: float = 0,
        once: bool = False,
    ) -> None:
        self.next_request = next_request
        self.note = note
        self.pause = pause
        self.is_over = once
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _length_of_body(head):
            return
        took = time.perf_counter() - self._asked_at
        self._received = b""
        self.note(Answer(int(head[9:12]), head.decode("latin-1"), body), took)
        if self.is_over:
            self._transport.close()
        elif self.pause:
            asyncio.get_running_loop().call_later(self.pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, exception: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def _ask(self) -> None:
        self._asked_at = time.perf_counter()
        self._transport.write(self.next_request())


def _length_of_body(head: bytes) -> int:
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    if found is None:
        raise AssertionError(f"an answer without a length: {head[:200]!r}")
    return int(found[1])
