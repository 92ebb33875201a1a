-- mind_no_keys: Foreign keys and triggers are not looked at in this session: the rows fit together.
SET session_replication_role = replica;

-- occurrences: Days of one notification, one after the other, back from yesterday.
INSERT INTO m2s_orchestration.occurrence (notification, tick, state, periods, due_until)
SELECT %(notification)s, moment, 'done', ARRAY[to_char(moment, 'YYYY-MM-DD')],
       moment + interval '20 hours'
FROM generate_series(1, %(days)s) AS day,
     LATERAL (SELECT date_trunc('day', now()) + interval '8 hours'
                     - make_interval(days => day)) AS at (moment);

-- deliveries: For each of them so many; of a thousand 50 have no address, 5 came too late, 1 was refused.
INSERT INTO m2s_orchestration.delivery
    (occurrence_id, notification, period, recipient_key, sender, address, message_id, subject,
     content_digest, state, owner, tries, due_until, reply_code, reply_text, claimed_at, sent_at,
     changed_at, reason)
SELECT occurrence.id, notification, periods[1], 'member:' || place, 'noreply@club.example',
       'member' || place || '@club.example', '<' || occurrence.id || '.' || place || '@club>',
       'Two logsheets are aging', md5(place::text), became, 'host-1-run-1', 1, due_until,
       CASE became WHEN 'failed' THEN 550 WHEN 'sent' THEN 250 END, 'said so', tick,
       CASE became WHEN 'sent' THEN tick END, tick, CASE became WHEN 'sent' THEN '' ELSE became END
FROM m2s_orchestration.occurrence, generate_series(1, %(each)s) AS place,
     LATERAL (
         SELECT CASE WHEN luck = 0 THEN 'failed' WHEN luck <= 5 THEN 'expired'
                     WHEN luck <= 55 THEN 'skipped' ELSE 'sent' END
         FROM (SELECT (occurrence.id * %(each)s + place) %% 1000 AS luck) AS drawn
     ) AS lot (became)
WHERE notification = %(notification)s;

-- lease_events: Each of them had its lease.
INSERT INTO m2s_orchestration.lease_event (notification, event, owner, seconds, run_id, at)
SELECT notification, event, 'host-1-run-1', 2.5, 'run-1', tick
FROM m2s_orchestration.occurrence, unnest(ARRAY['acquired', 'released']) AS event
WHERE notification = %(notification)s;

-- attempts: One for each of them.
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, run_id, code, text, at)
SELECT id, state, owner, 'run-1', reply_code, reply_text, claimed_at
FROM m2s_orchestration.delivery WHERE notification = %(notification)s AND state <> 'skipped';

-- deliveries_size: What the deliveries take on the disk, indexes included, in MB.
SELECT pg_total_relation_size('m2s_orchestration.delivery') / 1048576.0;
