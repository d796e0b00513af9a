"""In which order rows are locked, so that no two transactions wait for each other in a circle.

Whoever locks rows of several of these tables, by SELECT … FOR, UPDATE or DELETE, begins with the first in the list. A
transaction that needs a row late locks it early (`lock_customers`, `lock_for_first_order`, `lock_person`,
`locked_decider`). All tests are watched for it (tests/watched_locks.py). Beyond the list:

- Several rows of one table are locked in the order of their ids, by SELECT … ORDER BY id FOR, or one after another.
- Sessions come after their user; where those of several users end, one user after another in the order of ids.
- Advisory locks that keep others out (staff access, organisations, segments) come before everything; that of a login
  after the user; that of a customer's segments (`update_segments_of`) after all of the list, and after the
  rows of segments that are filled (app/segments/filling.py).
- That of uploaded pictures is shared by all who write them, at any time; who deletes pictures does not wait for it.
- Then numbers without gaps (tables of series), and last the versions of `app.versions`: prices and views before
  targets, all others after them.
- Links and mailed codes come after the user, also where a try that is noted only names the user
  (app/sign_in/history.py).
- The counters of tries come after users and sessions; that of the client before that of the account. For that of
  what a form sends (app/sign_in/sent_twice.py) only the same click waits, and it comes first.
- Of parts of one statement (WITH …) that do not ask for each other PostgreSQL does the last one first, after the main
  one: a part that must come after another one asks for it.
- FOR UPDATE is for rows that go. It lets even those wait who only name the row by a foreign key, which FOR NO KEY
  UPDATE does not. Nor does an UPDATE, unless it changes a column of a unique index that leaves no rows out: what is
  unique and changes has an index that says WHERE … IS NOT NULL.
- Jobs that clean up take what nobody holds (SKIP LOCKED), or one row at a time.

Where a circle comes about all the same, PostgreSQL ends one of its transactions, and that is run again
(tables/repeating.py).
"""

LOCK_ORDER = (
    "baskets",
    "customers",
    "memberships",
    "users",
    "orders",
    "requisitions",
    "products",
    "promotions",
    "payments",
)
