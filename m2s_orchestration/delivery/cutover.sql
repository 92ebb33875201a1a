-- move: Put the tombstone in the place of a lease that nobody holds, and say from when on it is ours.
WITH laid AS (
    INSERT INTO cronjob_locks AS lease (job_name, locked_by, locked_at, expires_at)
    VALUES (%(notification)s, m2s_orchestration.tombstone(), clock_timestamp(),
            m2s_orchestration.tombstone_end())
    ON CONFLICT (job_name) DO UPDATE
        SET locked_by = excluded.locked_by, locked_at = excluded.locked_at,
            expires_at = excluded.expires_at
        WHERE m2s_orchestration.lease_end(lease.expires_at) < clock_timestamp()
    RETURNING job_name
), moved AS (
    INSERT INTO m2s_orchestration.cutover (notification, effective_from, moved_by)
    SELECT job_name, %(effective_from)s, %(person)s FROM laid
    ON CONFLICT (notification) WHERE back_at IS NULL DO NOTHING
    RETURNING id
), told AS (
    INSERT INTO m2s_orchestration.lease_event (notification, event, owner)
    SELECT job_name, 'moved', %(person)s FROM laid
)
SELECT moved.id FROM laid LEFT JOIN moved ON true;

-- hold: Hold a cutover still, so that nobody takes the lease until the transaction ends.
SELECT id FROM m2s_orchestration.cutover
WHERE notification = %(notification)s AND back_at IS NULL
FOR UPDATE;

-- move_back: Take the tombstone away and say until when it was ours; no row if a run holds the lease.
WITH given AS (
    DELETE FROM cronjob_locks
    WHERE job_name = %(notification)s AND m2s_orchestration.lease_end(expires_at) < clock_timestamp()
    RETURNING job_name
), back AS (
    UPDATE m2s_orchestration.cutover SET back_at = clock_timestamp(), back_by = %(person)s
    WHERE notification = %(notification)s AND back_at IS NULL
      -- Somebody may have removed the row by hand.
      AND (EXISTS (SELECT FROM given)
           OR NOT EXISTS (SELECT FROM cronjob_locks WHERE job_name = %(notification)s))
    RETURNING notification
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner)
SELECT notification, 'moved_back', %(person)s FROM back
RETURNING notification;

-- cutovers: The latest cutover of each notification that ever moved over.
SELECT DISTINCT ON (notification)
       notification, effective_from, imported, moved_by, moved_at, back_by, back_at
FROM m2s_orchestration.cutover ORDER BY notification, id DESC;

-- is_ours: Whether an occurrence is ours to decide.
SELECT m2s_orchestration.is_ours(%(notification)s, %(tick)s);

-- ours: Those of these ticks that are ours.
SELECT tick FROM unnest(%(ticks)s::timestamptz[]) AS tick
WHERE m2s_orchestration.is_ours(%(notification)s, tick);

-- import_occurrence: The occurrence that the web application served; one that is decided stays so.
INSERT INTO m2s_orchestration.occurrence AS occurrence
    (notification, tick, state, periods, decided_by, due_until)
VALUES (%(notification)s, %(tick)s, 'imported', ARRAY[%(period)s], 'import', %(tick)s)
ON CONFLICT (notification, tick) DO UPDATE
    SET state = CASE WHEN occurrence.state = 'expired' THEN 'imported' ELSE occurrence.state END
RETURNING id;

-- import_delivery: The web application told this member of the period; no row if the ledger knows.
WITH sent AS (
    INSERT INTO m2s_orchestration.delivery
        (occurrence_id, notification, period, recipient_key, state, settled_by, settled_reason,
         due_until, sent_at)
    VALUES (%(occurrence_id)s, %(notification)s, %(period)s, %(recipient_key)s, 'sent', 'import',
            %(reason)s, %(told_at)s, %(told_at)s)
    ON CONFLICT (notification, period, recipient_key, channel, variant) DO NOTHING
    RETURNING id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, text, at)
SELECT id, 'sent', 'import', %(reason)s, %(told_at)s FROM sent
RETURNING delivery_id;

-- import_notice: The member has the notice of the period already.
INSERT INTO m2s_orchestration.notice (occurrence_id, notification, period, member_id, created_at)
VALUES (%(occurrence_id)s, %(notification)s, %(period)s, %(member_id)s, %(told_at)s)
ON CONFLICT (notification, period, member_id) DO NOTHING
RETURNING id;

-- count_imported: How many messages of the web application the cutover recorded as sent.
UPDATE m2s_orchestration.cutover SET imported = %(imported)s WHERE id = %(id)s;
