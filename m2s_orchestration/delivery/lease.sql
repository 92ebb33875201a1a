-- acquire: Take the lease, or take it over where its term is past; no row if somebody holds it.
WITH before AS (
    SELECT locked_by,
           extract(epoch FROM clock_timestamp() - m2s_orchestration.lease_end(expires_at)) AS past
    FROM cronjob_locks
    -- What a tombstone kept free, nobody held.
    WHERE job_name = %(notification)s AND locked_by <> m2s_orchestration.tombstone()
), moved AS (
    -- Held still, so that the notification does not go back while its lease is being taken.
    SELECT FROM m2s_orchestration.cutover
    WHERE notification = %(notification)s AND back_at IS NULL
    FOR SHARE
), taken AS (
    INSERT INTO cronjob_locks AS lease (job_name, locked_by, locked_at, expires_at)
    SELECT %(notification)s, %(owner)s, clock_timestamp(),
           clock_timestamp() + %(term)s
               + CASE WHEN EXISTS (SELECT FROM moved) THEN m2s_orchestration.reach()
                      ELSE interval '0' END
    ON CONFLICT (job_name) DO UPDATE
        SET locked_by = excluded.locked_by,
            locked_at = excluded.locked_at,
            -- It may have moved over since this statement began: then the row itself says so.
            expires_at = CASE WHEN m2s_orchestration.is_out_of_reach(lease.expires_at)
                               AND NOT m2s_orchestration.is_out_of_reach(excluded.expires_at)
                              THEN excluded.expires_at + m2s_orchestration.reach()
                              ELSE excluded.expires_at END
        WHERE m2s_orchestration.lease_end(lease.expires_at) < clock_timestamp()
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
       extract(epoch FROM least(m2s_orchestration.lease_end(expires_at), '9999-12-31')
                          - clock_timestamp()),
       %(run_id)s
FROM cronjob_locks WHERE job_name = %(notification)s
RETURNING other, seconds;

-- renew: Prolong the lease, if it is still ours; what is out of reach stays so.
UPDATE cronjob_locks
SET expires_at = clock_timestamp() + %(term)s
        + CASE WHEN m2s_orchestration.is_out_of_reach(expires_at) THEN m2s_orchestration.reach()
               ELSE interval '0' END
WHERE job_name = %(notification)s AND locked_by = %(owner)s
RETURNING expires_at;

-- release: Give the lease back, if it is still ours; the event says which it was.
WITH moved AS (
    SELECT FROM m2s_orchestration.cutover
    WHERE notification = %(notification)s AND back_at IS NULL
    FOR SHARE
), before AS (
    SELECT locked_by, locked_at FROM cronjob_locks WHERE job_name = %(notification)s
), given AS (
    DELETE FROM cronjob_locks
    WHERE job_name = %(notification)s AND locked_by = %(owner)s AND NOT EXISTS (SELECT FROM moved)
    RETURNING job_name
), laid AS (
    -- In one statement, so that there is no moment without a row.
    UPDATE cronjob_locks
    SET locked_by = m2s_orchestration.tombstone(), locked_at = clock_timestamp(),
        expires_at = m2s_orchestration.tombstone_end()
    WHERE job_name = %(notification)s AND locked_by = %(owner)s AND EXISTS (SELECT FROM moved)
    RETURNING job_name
), returned AS (
    SELECT job_name FROM given UNION ALL SELECT job_name FROM laid
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds, run_id)
SELECT %(notification)s,
       CASE WHEN returned.job_name IS NULL THEN 'lost' ELSE 'released' END,
       %(owner)s,
       CASE WHEN returned.job_name IS NULL THEN before.locked_by END,
       CASE WHEN returned.job_name IS NOT NULL
            THEN extract(epoch FROM clock_timestamp() - before.locked_at) END,
       %(run_id)s
FROM (SELECT 1) AS once LEFT JOIN returned ON true LEFT JOIN before ON true
-- Who never learnt whether the lease was had has not lost it.
WHERE %(is_certain)s OR returned.job_name IS NOT NULL
RETURNING event;

-- fence: Hold the lease row still for this transaction, if it is ours and its term lasts.
SELECT 1 FROM cronjob_locks
WHERE job_name = %(notification)s AND locked_by = %(owner)s
  AND m2s_orchestration.lease_end(expires_at) > clock_timestamp()
FOR SHARE;

-- leases: Every row there is, oldest first, with the end that counts for us.
SELECT job_name AS notification, locked_by AS owner, locked_at AS since,
       -- Python has no infinity.
       least(m2s_orchestration.lease_end(expires_at), '9999-12-31') AS until,
       m2s_orchestration.lease_end(expires_at) >= clock_timestamp() AS is_live,
       locked_by = m2s_orchestration.tombstone() AS is_tombstone,
       m2s_orchestration.is_out_of_reach(expires_at) AS is_out_of_reach
FROM cronjob_locks ORDER BY locked_at;

-- clear: Remove a lease whose term is past, or any if forced; no row if it lives or nobody has it.
WITH moved AS (
    SELECT FROM m2s_orchestration.cutover
    WHERE notification = %(notification)s AND back_at IS NULL
    FOR SHARE
), before AS (
    SELECT job_name, locked_by, locked_at FROM cronjob_locks WHERE job_name = %(notification)s
), removed AS (
    DELETE FROM cronjob_locks
    WHERE job_name = %(notification)s AND NOT EXISTS (SELECT FROM moved)
      AND (%(force)s OR m2s_orchestration.lease_end(expires_at) < clock_timestamp())
    RETURNING job_name
), laid AS (
    -- What has moved over keeps its row, so that clearing a lease lets nobody else in.
    UPDATE cronjob_locks
    SET locked_by = m2s_orchestration.tombstone(), locked_at = clock_timestamp(),
        expires_at = m2s_orchestration.tombstone_end()
    WHERE job_name = %(notification)s AND EXISTS (SELECT FROM moved)
      AND locked_by <> m2s_orchestration.tombstone()
      AND (%(force)s OR m2s_orchestration.lease_end(expires_at) < clock_timestamp())
    RETURNING job_name
), cleared AS (
    SELECT job_name FROM removed UNION ALL SELECT job_name FROM laid
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds)
SELECT job_name, 'cleared', %(person)s, locked_by,
       extract(epoch FROM clock_timestamp() - locked_at)
FROM cleared JOIN before USING (job_name)
RETURNING other;
