-- lock: One migration at a time; the lock ends with the transaction.
SELECT pg_advisory_xact_lock(hashtext('m2s_orchestration.migrate'));

-- prepare_schema: The room for the ledger.
CREATE SCHEMA IF NOT EXISTS m2s_orchestration;

-- prepare_steps: The list of steps taken.
CREATE TABLE IF NOT EXISTS m2s_orchestration.migration (
    name       text PRIMARY KEY,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- applied: The steps taken, in order.
SELECT name FROM m2s_orchestration.migration ORDER BY name;

-- record: A step is taken.
INSERT INTO m2s_orchestration.migration (name) VALUES (%(name)s);

-- is_prepared: Whether the list of steps is there.
SELECT to_regclass('m2s_orchestration.migration') IS NOT NULL;
