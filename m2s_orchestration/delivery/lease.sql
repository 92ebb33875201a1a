-- acquire: Take the lease, or take it over where its term is past; no row if somebody holds it.
WITH before AS (
    SELECT locked_by, extract(epoch FROM clock_timestamp() - expires_at) AS past
    FROM cronjob_locks WHERE job_name = %(notification)s
), taken AS (
    INSERT INTO cronjob_locks AS lease (job_name, locked_by, locked_at, expires_at)
    VALUES (%(notification)s, %(owner)s, clock_timestamp(), clock_timestamp() + %(term)s)
    ON CONFLICT (job_name) DO UPDATE
        SET locked_by = excluded.locked_by,
            locked_at = excluded.locked_at,
            expires_at = excluded.expires_at
        WHERE lease.expires_at < clock_timestamp()
    RETURNING job_name
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds, run_id)
SELECT taken.job_name,
       CASE WHEN before.locked_by IS NULL THEN 'acquired' ELSE 'taken_over' END,
       %(owner)s, before.locked_by, before.past, %(run_id)s
-- A row that we saw living and yet got was given back while we waited for it.
FROM taken LEFT JOIN before ON before.past > 0
RETURNING event;

-- note_contention: Record that somebody else holds the lease, and say who and for how long.
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds, run_id)
SELECT job_name, %(event)s, %(owner)s, locked_by,
       extract(epoch FROM least(expires_at, '9999-12-31') - clock_timestamp()), %(run_id)s
FROM cronjob_locks WHERE job_name = %(notification)s
RETURNING other, seconds;

-- renew: Prolong the lease, if it is still ours.
UPDATE cronjob_locks SET expires_at = clock_timestamp() + %(term)s
WHERE job_name = %(notification)s AND locked_by = %(owner)s
RETURNING expires_at;

-- release: Give the lease back, if it is still ours; the event says which it was.
WITH before AS (
    SELECT locked_by FROM cronjob_locks WHERE job_name = %(notification)s
), given AS (
    DELETE FROM cronjob_locks
    WHERE job_name = %(notification)s AND locked_by = %(owner)s
    RETURNING locked_at
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds, run_id)
SELECT %(notification)s,
       CASE WHEN given.locked_at IS NULL THEN 'lost' ELSE 'released' END,
       %(owner)s,
       CASE WHEN given.locked_at IS NULL THEN before.locked_by END,
       extract(epoch FROM clock_timestamp() - given.locked_at),
       %(run_id)s
FROM (SELECT 1) AS once LEFT JOIN given ON true LEFT JOIN before ON true
-- Who never learnt whether the lease was had has not lost it.
WHERE %(is_certain)s OR given.locked_at IS NOT NULL
RETURNING event;

-- fence: Hold the lease row still for this transaction, if it is ours and its term lasts.
SELECT 1 FROM cronjob_locks
WHERE job_name = %(notification)s AND locked_by = %(owner)s AND expires_at > clock_timestamp()
FOR SHARE;

-- leases: Every lease there is, oldest first.
SELECT job_name AS notification, locked_by AS owner, locked_at AS since,
       least(expires_at, '9999-12-31') AS until,  -- Python has no infinity
       expires_at >= clock_timestamp() AS is_live
FROM cronjob_locks ORDER BY locked_at;

-- clear: Remove a lease whose term is past, or any if forced; no row if it lives.
WITH cleared AS (
    DELETE FROM cronjob_locks
    WHERE job_name = %(notification)s
      AND (%(force)s OR expires_at < clock_timestamp())
    RETURNING job_name, locked_by, locked_at
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds)
SELECT job_name, 'cleared', %(person)s, locked_by,
       extract(epoch FROM clock_timestamp() - locked_at)
FROM cleared
RETURNING other;
