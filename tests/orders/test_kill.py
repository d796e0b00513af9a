"""`kill -9` at every step of placing: the order is there as a whole, or not at all (issue 3, faults)."""

import json
import os
import signal
import subprocess
import sys

from tables.engine import DB
from tests.browser_like import visit
from tests.checkout.ordering import add, answer, code_for_one_order, open_shop
from tests.patron_process import PROJECT

ABSENT = {"orders": 0, "lines": 0, "stock": 100, "in_basket": 2, "mails": 0, "used": 0, "uses": 0, "held": 0}
WHOLE = {"orders": 1, "lines": 2, "stock": 97, "in_basket": 0, "mails": 1, "used": 1, "uses": 1, "held": 1}


async def test_an_order_is_whole_or_absent_wherever_the_process_is_killed(database):
    await open_shop()
    await code_for_one_order()
    person = await visit("shop")
    await add(person, "TEA", 2)
    await add(person, "COFFEE", 1)
    await person.post("/basket/promotion-code", {"code": "ONCE"})
    page = await answer(person, payment_method="test")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.orders.killed_at_every_step", person.cookie("basket")),
            *(page.typed("idempotency_key"), page.typed("review")),
        ],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": database},
        capture_output=True,
        text=True,
        timeout=280,
    )
    tries = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert tries, done.stderr
    ends = [one.pop("status") for one in tries]
    assert ends[:-1] == [signal.SIGKILL] * (len(ends) - 1)
    assert ends[-1] == 0, done.stderr[-2000:]
    assert len(tries) > 15, "there are many steps to be killed at"
    assert all(one in (ABSENT, WHOLE) for one in tries), tries
    assert tries[0] == ABSENT
    assert tries[-1] == WHOLE
    assert await DB.fetch_value("SELECT count(*) FROM payments") == 1, (
        "each try finds the payment of the one before"
    )
