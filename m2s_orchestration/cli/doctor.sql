-- server: Which server and database this is.
SELECT current_setting('server_version'), pg_is_in_recovery(), current_database();

-- clock: The database's time.
SELECT clock_timestamp();

-- missing_rights: The rights that runs need and this role has not.
SELECT needed.name, needed.privilege
FROM (VALUES
    ('cronjob_locks', 'SELECT'), ('cronjob_locks', 'INSERT'), ('cronjob_locks', 'UPDATE'),
    ('cronjob_locks', 'DELETE'),
    ('notifications_notification', 'SELECT'), ('notifications_notification', 'INSERT'),
    ('notifications_notification', 'UPDATE'), ('notifications_notification', 'DELETE'),
    ('duty_roster_dutyassignment', 'DELETE'), ('duty_roster_dutyassignmentrole', 'DELETE'),
    ('duty_roster_instructionslot', 'DELETE'),
    ('m2s_orchestration.migration', 'SELECT'),
    ('m2s_orchestration.occurrence', 'SELECT'), ('m2s_orchestration.occurrence', 'INSERT'),
    ('m2s_orchestration.occurrence', 'UPDATE'),
    ('m2s_orchestration.delivery', 'SELECT'), ('m2s_orchestration.delivery', 'INSERT'),
    ('m2s_orchestration.delivery', 'UPDATE'),
    ('m2s_orchestration.attempt', 'SELECT'), ('m2s_orchestration.attempt', 'INSERT'),
    ('m2s_orchestration.notice', 'SELECT'), ('m2s_orchestration.notice', 'INSERT'),
    ('m2s_orchestration.cutover', 'SELECT'), ('m2s_orchestration.cutover', 'INSERT'),
    ('m2s_orchestration.cutover', 'UPDATE'),
    ('m2s_orchestration.lease_event', 'INSERT')
) AS needed (name, privilege)
WHERE to_regclass(needed.name) IS NULL
   OR NOT has_table_privilege(to_regclass(needed.name), needed.privilege);
