-- mind_no_keys: Foreign keys and triggers are not looked at in this session: the rows fit together.
SET session_replication_role = replica;

-- occurrences: Days of one notification, one after the other, back from yesterday.
INSERT INTO m2s_orchestration.occurrence (notification, tick, state, periods, due_until)
SELECT %(notification)s, moment, 'done', ARRAY[to_char(moment, 'YYYY-MM-DD')],
       moment + interval '20 hours'
FROM generate_series(1, %(days)s) AS day,
     LATERAL (SELECT date_trunc('day', now()) + interval '8 hours'
                     - make_interval(days => day)) AS at (moment);

-- deliveries: For each of them so many mails sent; every thousandth was refused.
INSERT INTO m2s_orchestration.delivery
    (occurrence_id, notification, period, recipient_key, sender, address, message_id, subject,
     content_digest, state, owner, tries, due_until, reply_code, reply_text, claimed_at, sent_at,
     changed_at)
SELECT occurrence.id, notification, periods[1], 'member:' || place, 'noreply@club.example',
       'member' || place || '@club.example', '<' || occurrence.id || '.' || place || '@club>',
       'Two logsheets are aging', md5(place::text), CASE WHEN fails THEN 'failed' ELSE 'sent' END,
       'host-1-run-1', 1, due_until, CASE WHEN fails THEN 550 ELSE 250 END, 'said so', tick,
       CASE WHEN NOT fails THEN tick END, tick
FROM m2s_orchestration.occurrence, generate_series(1, %(each)s) AS place,
     LATERAL (SELECT (occurrence.id * %(each)s + place) %% 1000 = 0 AS fails) AS luck
WHERE notification = %(notification)s;

-- attempts: One for each of them.
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, run_id, code, text, at)
SELECT id, state, owner, 'run-1', reply_code, reply_text, claimed_at
FROM m2s_orchestration.delivery WHERE notification = %(notification)s;

-- deliveries_size: What the deliveries take on the disk, indexes included, in MB.
SELECT pg_total_relation_size('m2s_orchestration.delivery') / 1048576.0;
