-- newest: The id of the newest run of a job.
SELECT run_id FROM runs WHERE pipeline_name = %(job)s ORDER BY id DESC LIMIT 1;

-- number: How many runs there are, and how many events.
SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM event_logs);

-- remember: The runs as they are now, which the past repeats, with the keys of their occurrences.
CREATE TABLE lived AS
SELECT id, run_id, coalesce(
    (SELECT value FROM run_tags WHERE run_tags.run_id = runs.run_id AND key = 'm2s/occurrence'),
    '2026-01-01-00:00'
) AS occurrence
FROM runs;

-- choose: An id for each run of each of these days, the oldest first, and another occurrence.
CREATE TABLE repeated AS
SELECT run_id AS was, gen_random_uuid()::text AS is, make_interval(days => day) AS ago,
       occurrence, to_char(
           to_timestamp(occurrence, 'YYYY-MM-DD-HH24:MI') - make_interval(days => day),
           'YYYY-MM-DD-HH24:MI'
       ) AS another
FROM generate_series(%(first)s::int, %(last)s::int, -1) AS day, lived
ORDER BY day DESC, lived.id;

-- index_choice: Each run is looked for three times.
CREATE INDEX ON repeated (was);

-- forget_choice: The next days get ids of their own.
DROP TABLE repeated;

-- runs: The runs of those days.
INSERT INTO runs (run_id, snapshot_id, pipeline_name, mode, status, run_body, partition, partition_set,
                  create_timestamp, update_timestamp, start_time, end_time)
SELECT repeated.is, snapshot_id, pipeline_name, mode, status,
       replace(replace(run_body, was, repeated.is), occurrence, another),
       replace(partition, occurrence, another), partition_set,
       create_timestamp - ago, update_timestamp - ago,
       start_time - extract(epoch FROM ago), end_time - extract(epoch FROM ago)
FROM runs JOIN repeated ON was = runs.run_id ORDER BY ago DESC, runs.id;

-- tags: Their tags.
INSERT INTO run_tags (run_id, key, value)
SELECT repeated.is, key, replace(value, occurrence, another)
FROM run_tags JOIN repeated ON was = run_tags.run_id;

-- events: Their events, with the moment that each tells as well.
INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
SELECT repeated.is,
       replace(replace(replace(event, was, repeated.is), occurrence, another), told, earlier),
       dagster_event_type, timestamp - ago, step_key, asset_key,
       replace(partition, occurrence, another)
FROM event_logs JOIN repeated ON was = event_logs.run_id,
     LATERAL (SELECT substring(event FROM '"timestamp": ([0-9.]+)')) AS moment (told),
     LATERAL (SELECT (told::numeric - extract(epoch FROM ago))::text) AS before (earlier)
ORDER BY ago DESC, event_logs.id;

-- figures: What a sensor writes of the club's mail each half hour, without a run.
INSERT INTO event_logs (run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition)
SELECT run_id, replace(event, told, earlier), dagster_event_type, timestamp - ago, step_key,
       asset_key, partition
FROM (
    SELECT * FROM event_logs
    WHERE asset_key = '["club_mail"]' AND dagster_event_type = 'ASSET_MATERIALIZATION'
    ORDER BY id LIMIT 1
) AS figures, generate_series(%(first)s::int * 48, %(last)s::int * 48 - 47, -1) AS half_hour,
     LATERAL (SELECT make_interval(mins => half_hour * 30)) AS shift (ago),
     LATERAL (SELECT substring(event FROM '"timestamp": ([0-9.]+)')) AS moment (told),
     LATERAL (SELECT (told::numeric - extract(epoch FROM ago))::text) AS before (earlier)
ORDER BY half_hour DESC;
