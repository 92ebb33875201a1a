-- open_occurrence: Record that this occurrence is decided; no row if it was already, or is not ours.
INSERT INTO m2s_orchestration.occurrence AS occurrence
    (notification, tick, state, periods, found, run_id, decided_by, due_until)
SELECT %(notification)s, %(tick)s, 'decided', %(periods)s::text[], %(found)s, %(run_id)s,
       %(owner)s, %(due_until)s
WHERE m2s_orchestration.is_ours(%(notification)s, %(tick)s)
-- One that was missed and noted as expired was never decided, nor one that was only imported.
ON CONFLICT (notification, tick) DO UPDATE
    SET state = excluded.state, periods = excluded.periods, found = excluded.found,
        run_id = excluded.run_id, decided_by = excluded.decided_by,
        decided_at = excluded.decided_at, due_until = excluded.due_until
    WHERE occurrence.state IN ('expired', 'imported')
RETURNING id;

-- find_occurrence: What was decided of an occurrence, if anything.
SELECT id, state, periods FROM m2s_orchestration.occurrence
WHERE notification = %(notification)s AND tick = %(tick)s
  AND state NOT IN ('expired', 'imported');

-- count_side_effects: How many notices and changes the occurrence led to.
UPDATE m2s_orchestration.occurrence SET notices = %(notices)s, changes = %(changes)s
WHERE id = %(occurrence_id)s;

-- plan: Record a message to be sent; no row if its recipient was or will be told of the period.
INSERT INTO m2s_orchestration.delivery
    (occurrence_id, notification, period, recipient_key, channel, variant, sender,
     address, message_id, subject, content, content_digest, state, due_until)
VALUES (%(occurrence_id)s, %(notification)s, %(period)s, %(recipient_key)s, %(channel)s,
        %(variant)s, %(sender)s, %(address)s, %(message_id)s, %(subject)s, %(content)s, %(content_digest)s,
        'planned', %(due_until)s)
-- Who could not be told at an earlier occurrence is told now.
ON CONFLICT (notification, period, recipient_key, channel, variant) DO UPDATE
    SET occurrence_id = excluded.occurrence_id, sender = excluded.sender,
        address = excluded.address, message_id = excluded.message_id, subject = excluded.subject,
        content = excluded.content, content_digest = excluded.content_digest,
        state = 'planned', reason = '', due_until = excluded.due_until
    WHERE delivery.state = 'skipped'
RETURNING id;

-- skip: Record that somebody cannot be told, and why.
INSERT INTO m2s_orchestration.delivery
    (occurrence_id, notification, period, recipient_key, variant, state, reason, due_until)
VALUES (%(occurrence_id)s, %(notification)s, %(period)s, %(recipient_key)s, %(variant)s,
        'skipped', %(reason)s, %(due_until)s)
ON CONFLICT (notification, period, recipient_key, channel, variant) DO NOTHING
RETURNING id;

-- note_once: Remember that a member has the notice of a period; no row if they had it before.
INSERT INTO m2s_orchestration.notice (occurrence_id, notification, period, member_id)
VALUES (%(occurrence_id)s, %(notification)s, %(period)s, %(member_id)s)
ON CONFLICT (notification, period, member_id) DO NOTHING
RETURNING id;

-- add_notice: A new row among the member's in-app notifications.
INSERT INTO notifications_notification (user_id, message, url, created_at, read, dismissed)
VALUES (%(member_id)s, %(text)s, %(url)s, clock_timestamp(), false, false)
RETURNING id;

-- keep_one_notice: Of the member's open rows of this kind keep the newest; delete the others.
WITH open AS (
    SELECT id, row_number() OVER (ORDER BY created_at DESC, id) AS place
    FROM notifications_notification
    WHERE user_id = %(member_id)s AND NOT dismissed AND url = %(url)s
      AND strpos(lower(message), lower(%(token)s)) > 0
), deleted AS (
    DELETE FROM notifications_notification AS extra USING open
    WHERE extra.id = open.id AND open.place > 1
    RETURNING extra.id
)
SELECT id, (SELECT count(*) FROM deleted) FROM open WHERE place = 1;

-- refresh_notice: Say the new count; where it grew, the row is new and unread again.
UPDATE notifications_notification
SET message = %(text)s,
    created_at = CASE WHEN %(count)s > was.count THEN clock_timestamp() ELSE created_at END,
    read = read AND %(count)s <= was.count
FROM (
    SELECT coalesce(substring(message FROM '\d{1,9}')::bigint, 0) AS count
    FROM notifications_notification WHERE id = %(id)s
) AS was
WHERE id = %(id)s AND was.count <> %(count)s AND NOT dismissed
RETURNING id;

-- sweep: What a holder that is gone began to send and did not settle is in doubt.
WITH swept AS (
    UPDATE m2s_orchestration.delivery
    SET state = 'unknown',
        reason = 'the process that was sending it is gone and left no answer of the server'
    WHERE notification = %(notification)s AND state = 'sending' AND owner <> %(owner)s
    RETURNING id, owner
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, run_id, text)
SELECT id, 'unknown', owner, %(run_id)s, 'swept: its holder is gone' FROM swept
RETURNING delivery_id;

-- expire: What is not out and comes too late is not sent.
WITH late AS (
    UPDATE m2s_orchestration.delivery
    SET state = 'expired', reason = 'too late to be of use'
    WHERE notification = %(notification)s AND state IN ('planned', 'retry')
      AND due_until < clock_timestamp()
    RETURNING id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, run_id, text)
SELECT id, 'expired', %(run_id)s, 'too late to be of use' FROM late
RETURNING delivery_id;

-- reopen_expired: A person asked for the late mail of an occurrence.
WITH reopened AS (
    UPDATE m2s_orchestration.delivery
    SET state = 'retry', not_before = '-infinity', due_until = %(due_until)s,
        settled_by = %(person)s, settled_reason = 'send_late'
    WHERE notification = %(notification)s
      AND (occurrence_id = %(occurrence_id)s OR period = ANY(%(periods)s))
      AND state = 'expired' AND content IS NOT NULL
    RETURNING id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, run_id, text)
SELECT id, 'retry', %(run_id)s, 'send_late' FROM reopened
RETURNING delivery_id;

-- prolong: A person asked for late mail: what is still to be sent may go later.
UPDATE m2s_orchestration.delivery SET due_until = %(due_until)s
WHERE notification = %(notification)s
  AND (occurrence_id = %(occurrence_id)s OR period = ANY(%(periods)s))
  AND state IN ('planned', 'retry') AND due_until < %(due_until)s
RETURNING id;

-- resend_in_doubt: By its policy a message in doubt is offered once more, the same bytes.
WITH reopened AS (
    UPDATE m2s_orchestration.delivery
    SET state = 'retry', not_before = '-infinity', resends = resends + 1,
        settled_by = 'policy', settled_reason = %(policy)s
    WHERE notification = %(notification)s AND state = 'unknown' AND resends = 0
      AND (occurrence_id = %(occurrence_id)s OR period = ANY(%(periods)s))
      AND content IS NOT NULL AND due_until > clock_timestamp()
      AND claimed_at < clock_timestamp() - %(after)s
      AND claimed_at > clock_timestamp() - %(within)s
    RETURNING id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, run_id, text)
SELECT id, 'retry', %(run_id)s, %(policy)s FROM reopened
RETURNING delivery_id;

-- unsent: What this occurrence, or another about the same periods, has still to send.
SELECT id FROM m2s_orchestration.delivery
WHERE notification = %(notification)s AND channel = %(channel)s
  AND (occurrence_id = %(occurrence_id)s OR period = ANY(%(periods)s))
  AND state IN ('planned', 'retry')
  AND not_before <= clock_timestamp() AND due_until > clock_timestamp()
ORDER BY id;

-- load: What the mail server is to be given.
SELECT id, sender, address, message_id, content, tries FROM m2s_orchestration.delivery
WHERE id = %(id)s AND state IN ('planned', 'retry');

-- claim: Say, in the name of the lease, that the final dot is about to go out; no row if it may not.
WITH lease AS (
    SELECT 1 FROM cronjob_locks
    WHERE job_name = %(notification)s AND locked_by = %(owner)s
      AND m2s_orchestration.lease_end(expires_at) > clock_timestamp() + interval '2 seconds'
    FOR SHARE
)
UPDATE m2s_orchestration.delivery
SET state = 'sending', owner = %(owner)s, claimed_at = clock_timestamp(), tries = tries + 1,
    reason = ''
WHERE id = %(id)s AND state IN ('planned', 'retry') AND due_until > clock_timestamp()
  AND (%(is_forced)s OR EXISTS (SELECT FROM lease))
RETURNING id;

-- is_claimed: Whether the claim took hold and still does, asked when its answer was lost or late.
WITH lease AS (
    SELECT 1 FROM cronjob_locks
    WHERE job_name = %(notification)s AND locked_by = %(owner)s
      AND m2s_orchestration.lease_end(expires_at) > clock_timestamp() + interval '2 seconds'
    FOR SHARE
)
SELECT 1 FROM m2s_orchestration.delivery
WHERE id = %(id)s AND state = 'sending' AND owner = %(owner)s
  AND (%(is_forced)s OR EXISTS (SELECT FROM lease));

-- testify: The server's answer to the final dot, from the process that sent it.
WITH settled AS (
    UPDATE m2s_orchestration.delivery
    SET state = %(state)s, reason = %(reason)s, reply_code = %(code)s, reply_text = %(text)s,
        not_before = clock_timestamp() + %(delay)s,
        sent_at = CASE WHEN %(state)s = 'sent' THEN clock_timestamp() END
    WHERE id = %(id)s AND owner = %(owner)s
      AND (state = 'sending' OR (state = 'unknown' AND %(state)s <> 'unknown'))
    RETURNING id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, run_id, code, text)
SELECT id, %(state)s, %(owner)s, %(run_id)s, %(code)s, %(text)s FROM settled
RETURNING delivery_id;

-- refuse: The server's answer before the final dot, recorded in the name of the lease.
WITH lease AS (
    SELECT 1 FROM cronjob_locks
    WHERE job_name = %(notification)s AND locked_by = %(owner)s
      AND m2s_orchestration.lease_end(expires_at) > clock_timestamp()
    FOR SHARE
), settled AS (
    UPDATE m2s_orchestration.delivery
    SET state = %(state)s, reason = %(reason)s, reply_code = %(code)s, reply_text = %(text)s,
        not_before = clock_timestamp() + %(delay)s, tries = tries + 1, owner = %(owner)s
    WHERE id = %(id)s AND state IN ('planned', 'retry')
      AND (%(is_forced)s OR EXISTS (SELECT FROM lease))
    RETURNING id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, run_id, code, text)
SELECT id, %(state)s, %(owner)s, %(run_id)s, %(code)s, %(text)s FROM settled
RETURNING delivery_id;

-- tally: How many deliveries of the occurrence's periods are in each state.
SELECT state, count(*) FROM m2s_orchestration.delivery
WHERE notification = %(notification)s AND channel = %(channel)s
  AND (occurrence_id = %(occurrence_id)s OR period = ANY(%(periods)s))
GROUP BY state;

-- close_occurrence: Nothing is left to send: the occurrence is done.
UPDATE m2s_orchestration.occurrence SET state = 'done'
WHERE id = %(occurrence_id)s AND state = 'decided'
  AND NOT EXISTS (
      SELECT FROM m2s_orchestration.delivery
      WHERE notification = %(notification)s
        AND (occurrence_id = %(occurrence_id)s OR period = ANY(%(periods)s))
        AND state IN ('planned', 'retry', 'sending')
  )
RETURNING id;

-- reopen_occurrence: There is something to send again.
UPDATE m2s_orchestration.occurrence SET state = 'decided'
WHERE id = %(occurrence_id)s AND state = 'done'
RETURNING id;

-- known_ticks: The occurrences since a moment of which anything is recorded.
SELECT tick FROM m2s_orchestration.occurrence
WHERE notification = %(notification)s AND tick > %(since)s;

-- unfinished_ticks: The decided occurrences that a run has something to do for now.
SELECT DISTINCT tick FROM m2s_orchestration.occurrence
JOIN m2s_orchestration.delivery ON occurrence_id = occurrence.id
WHERE occurrence.notification = %(notification)s
  -- What a vanished sender left in doubt is to be found, however late it is.
  AND (delivery.state = 'sending' OR delivery.due_until > clock_timestamp())
  AND (delivery.state IN ('planned', 'sending')
       OR (delivery.state = 'retry' AND not_before <= clock_timestamp())
       OR (delivery.state = 'unknown' AND delivery.resends = 0
           AND claimed_at < clock_timestamp() - %(after)s
           AND claimed_at > clock_timestamp() - %(within)s))
ORDER BY tick;

-- note_expired: The occurrence was missed and is too late now.
INSERT INTO m2s_orchestration.occurrence (notification, tick, state, due_until)
VALUES (%(notification)s, %(tick)s, 'expired', %(due_until)s)
ON CONFLICT (notification, tick) DO NOTHING
RETURNING id;

-- under_way: Whether an occurrence has mail that may still go.
SELECT 1 FROM m2s_orchestration.occurrence
JOIN m2s_orchestration.delivery ON occurrence_id = occurrence.id
WHERE occurrence.notification = %(notification)s AND tick = %(tick)s
  AND (delivery.state = 'sending'
       OR (delivery.state IN ('planned', 'retry', 'unknown')
           AND delivery.due_until > clock_timestamp()))
LIMIT 1;
