-- give_back: Remove the lock of a command that we have ended: it will not do so itself.
WITH given AS (
    DELETE FROM cronjob_locks WHERE job_name = %(command)s AND locked_by = %(holder)s
    RETURNING job_name, locked_by, locked_at
)
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, other, seconds, run_id)
SELECT job_name, 'cleared', %(owner)s, locked_by,
       extract(epoch FROM clock_timestamp() - locked_at), %(run_id)s
FROM given
RETURNING other;
