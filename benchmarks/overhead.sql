-- events: How many events Dagster keeps of a run, asked of the run's file.
SELECT count(*) FROM event_logs;
