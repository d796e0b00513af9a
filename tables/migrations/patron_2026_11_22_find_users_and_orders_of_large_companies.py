"""What the lists of a company search, kept so that they are as quick for ten thousand users as for ten."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from tables.engine import DB

ID = "2026-11-22T00:00:00:000042"
VERSION = "1.38.0"
DESCRIPTION = "Find users and orders of large companies"

FORWARDS = (
    # Every three letters of a text, mixed with the company, as numbers: a search never meets the rows of others,
    # and needs no extension of the server.
    """
    CREATE FUNCTION pieces_of_company(company uuid, words text) RETURNS integer[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT hashtext(company::text || substr(words, n, 3))), '{}')
        FROM generate_series(1, length(words) - 2) AS n
    $$
    """,
    # What the list of users searches and filters stands in two tables; here it stands in one.
    """
    CREATE TABLE listed_members (
        membership uuid PRIMARY KEY REFERENCES memberships (id) ON DELETE CASCADE,
        customer uuid NOT NULL,
        is_active boolean NOT NULL,
        roles varchar[] NOT NULL,
        searched text NOT NULL
    )
    """,
    """
    CREATE VIEW members_to_list AS
        SELECT m.id AS membership, m."user", m.customer, m.is_active AND u.is_active AS is_active, m.roles,
               concat_ws(E'\\n', lower(u.first_name || ' ' || u.last_name), u.email_canonical, u.login_canonical,
                         lower(m.department), lower(m."position")) AS searched
        FROM memberships m JOIN users u ON u.id = m."user"
    """,
    """
    CREATE FUNCTION list_members(of_membership uuid, of_user uuid) RETURNS void LANGUAGE sql AS $$
        INSERT INTO listed_members (membership, customer, is_active, roles, searched)
        SELECT membership, customer, is_active, roles, searched FROM members_to_list
        WHERE membership = of_membership OR "user" = of_user
        ON CONFLICT (membership) DO UPDATE SET customer = excluded.customer, is_active = excluded.is_active,
            roles = excluded.roles, searched = excluded.searched
    $$
    """,
    """
    CREATE FUNCTION list_changed_member() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        -- Of two changes at once the second one sees the first, and whoever joins waits for a change of the name.
        PERFORM FROM listed_members l WHERE l.membership = NEW.id FOR NO KEY UPDATE;
        IF NOT FOUND THEN
            PERFORM FROM users u WHERE u.id = NEW."user" FOR SHARE;
        END IF;
        PERFORM list_members(NEW.id, NULL);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE FUNCTION list_changed_user() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM FROM listed_members l JOIN memberships m ON m.id = l.membership
            WHERE m."user" = NEW.id ORDER BY l.membership FOR NO KEY UPDATE OF l;
        PERFORM list_members(NULL, NEW.id);
        RETURN NULL;
    END
    $$
    """,
    # At the end of the transaction, after every lock that it takes by itself: so none wait in a circle.
    """
    CREATE CONSTRAINT TRIGGER list_member
        AFTER INSERT OR UPDATE OF customer, "user", is_active, roles, department, "position" ON memberships
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION list_changed_member()
    """,
    """
    CREATE CONSTRAINT TRIGGER list_user
        AFTER UPDATE OF first_name, last_name, email_canonical, login_canonical, is_active ON users
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
        WHEN ((OLD.first_name, OLD.last_name, OLD.email_canonical, OLD.login_canonical, OLD.is_active)
              IS DISTINCT FROM
              (NEW.first_name, NEW.last_name, NEW.email_canonical, NEW.login_canonical, NEW.is_active))
        EXECUTE FUNCTION list_changed_user()
    """,
    """
    INSERT INTO listed_members (membership, customer, is_active, roles, searched)
    SELECT membership, customer, is_active, roles, searched FROM members_to_list
    """,
    """
    CREATE INDEX listed_members_in_order ON listed_members (customer, is_active DESC, membership DESC)
        INCLUDE (roles)
    """,
    "CREATE INDEX listed_members_by_words ON listed_members USING gin (pieces_of_company(customer, searched))",
    # The same for orders: number, and what was ordered. Lines come with their order and stay as they are.
    """
    CREATE TABLE searched_orders (
        "order" uuid PRIMARY KEY REFERENCES orders (id) ON DELETE CASCADE,
        customer uuid NOT NULL,
        placed_at timestamptz NOT NULL,
        searched text NOT NULL
    )
    """,
    """
    CREATE VIEW orders_to_search AS
        SELECT o.id, o.customer, o.placed_at, lower(concat_ws(E'\\n', o.number, (
            SELECT string_agg(l.sku || E'\\n' || l.name, E'\\n') FROM order_lines l WHERE l."order" = o.id
        ))) AS searched
        FROM orders o WHERE o.customer IS NOT NULL
    """,
    """
    CREATE FUNCTION search_order() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO searched_orders ("order", customer, placed_at, searched)
            SELECT id, customer, placed_at, searched FROM orders_to_search WHERE id = NEW.id
            ON CONFLICT ("order") DO UPDATE SET customer = excluded.customer, placed_at = excluded.placed_at;
        RETURN NULL;
    END
    $$
    """,
    # At the end of the transaction, when its lines are there; a guest's order only once somebody claims it.
    """
    CREATE CONSTRAINT TRIGGER search_order AFTER INSERT OR UPDATE OF customer, placed_at ON orders
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.customer IS NOT NULL) EXECUTE FUNCTION search_order()
    """,
    """
    INSERT INTO searched_orders ("order", customer, placed_at, searched)
    SELECT id, customer, placed_at, searched FROM orders_to_search
    """,
    "CREATE INDEX searched_orders_by_words ON searched_orders USING gin (pieces_of_company(customer, searched))",
    # The oldest users of a company; those who may act first are in listed_members.
    "DROP INDEX memberships_of_customer",
    "CREATE INDEX memberships_of_customer ON memberships (customer, id)",
    # With the company beside the user: else a plan for all companies reads whatever the company has.
    "DROP INDEX orders_of_user, requisitions_of_user",
    'CREATE INDEX orders_of_user ON orders ("user", customer, placed_at DESC, id)',
    'CREATE INDEX requisitions_of_user ON requisitions ("user", customer, created_at DESC, id)',
    "CREATE INDEX orders_of_customer_by_state ON orders (customer, state, placed_at DESC, id)",
    "CREATE INDEX invitations_of_customer ON invitations (customer, sent_at DESC, id)",
)

BACKWARDS = (
    "DROP INDEX memberships_of_customer",
    "CREATE INDEX memberships_of_customer ON memberships (customer, is_active, id)",
    "DROP INDEX orders_of_user, requisitions_of_user",
    'CREATE INDEX orders_of_user ON orders ("user", placed_at DESC, id)',
    'CREATE INDEX requisitions_of_user ON requisitions ("user", created_at DESC, id)',
    "DROP INDEX invitations_of_customer, orders_of_customer_by_state",
    "DROP TRIGGER search_order ON orders",
    "DROP FUNCTION search_order",
    "DROP VIEW orders_to_search",
    "DROP TABLE searched_orders",
    "DROP TRIGGER list_user ON users",
    "DROP TRIGGER list_member ON memberships",
    "DROP FUNCTION list_changed_user, list_changed_member, list_members",
    "DROP VIEW members_to_list",
    "DROP TABLE listed_members",
    "DROP FUNCTION pieces_of_company",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="patron", description=DESCRIPTION)

    async def run() -> None:
        for statement in FORWARDS:
            await DB.execute(statement)

    async def run_backwards() -> None:
        for statement in BACKWARDS:
            await DB.execute(statement)

    manager.add_raw(run)
    manager.add_raw_backwards(run_backwards)
    return manager
