-- runs: How many runs of each job Dagster has in each status, by what they came to.
SELECT pipeline_name, status, coalesce(told.value, 'none'), count(*)
FROM runs LEFT JOIN run_tags AS told ON told.run_id = runs.run_id AND told.key = %(outcome)s
WHERE pipeline_name = ANY(%(names)s)
GROUP BY 1, 2, 3;

-- durations: How long runs took: of the bounds, how many that does not exceed; how often; in all.
-- Both sides are negated, because width_bucket counts the bounds that a number reaches. Summed exactly,
-- so that a counter never falls, in whatever order it is added up.
SELECT pipeline_name, width_bucket(start_time - end_time, %(negated)s::double precision[]),
       count(*), sum((end_time - start_time)::numeric)
FROM runs
WHERE pipeline_name = ANY(%(names)s) AND status = ANY(%(ended)s)
  AND start_time IS NOT NULL AND end_time IS NOT NULL
GROUP BY 1, 2;

-- heartbeats: When each part of the daemon last gave a sign of life.
SELECT daemon_type, extract(epoch FROM "timestamp" AT TIME ZONE 'UTC')::double precision
FROM daemon_heartbeats WHERE daemon_type = ANY(%(daemons)s);
