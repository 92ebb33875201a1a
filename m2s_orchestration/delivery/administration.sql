-- list: Deliveries, newest first, by notification and state if these are given.
SELECT delivery.id, delivery.notification, period, recipient_key, variant, address,
       delivery.state, reason,
       tries, reply_code, reply_text, message_id, subject, sent_at, delivery.changed_at, tick
FROM m2s_orchestration.delivery JOIN m2s_orchestration.occurrence ON occurrence.id = occurrence_id
-- Which ones, an index tells where a state is asked for; only these rows are then read and joined.
WHERE delivery.id IN (
    SELECT id FROM m2s_orchestration.delivery AS asked
    WHERE (%(notification)s::text IS NULL OR asked.notification = %(notification)s)
      AND (%(state)s::text IS NULL OR asked.state = %(state)s)
    ORDER BY id DESC
    LIMIT %(limit)s
)
ORDER BY delivery.id DESC;

-- of_occurrence: The deliveries of one occurrence, as they were recorded.
SELECT delivery.id, delivery.notification, period, recipient_key, variant, address,
       delivery.state, reason,
       tries, reply_code, reply_text, message_id, subject, sent_at, delivery.changed_at, tick
FROM m2s_orchestration.delivery JOIN m2s_orchestration.occurrence ON occurrence.id = occurrence_id
WHERE occurrence_id = %(id)s
ORDER BY delivery.id
LIMIT %(limit)s;

-- show: One delivery with its bytes.
SELECT delivery.id, delivery.notification, period, recipient_key, variant, address,
       delivery.state, reason,
       tries, reply_code, reply_text, message_id, subject, sent_at, delivery.changed_at, tick,
       content, settled_by, settled_reason, nullif(not_before, '-infinity') AS not_before,
       delivery.due_until
FROM m2s_orchestration.delivery JOIN m2s_orchestration.occurrence ON occurrence.id = occurrence_id
WHERE delivery.id = %(id)s;

-- attempts: What was tried with one delivery, oldest first.
SELECT at, state, owner, code, text FROM m2s_orchestration.attempt
WHERE delivery_id = %(id)s ORDER BY id;

-- settle: A person says how a delivery ended, and why they know; no row if it cannot end so.
WITH settled AS (
    UPDATE m2s_orchestration.delivery
    SET state = %(state)s, settled_by = %(person)s, settled_reason = %(reason)s,
        not_before = '-infinity',
        due_until = CASE WHEN %(state)s = 'retry' THEN greatest(due_until, %(due_until)s)
                    ELSE due_until END,
        sent_at = CASE WHEN %(state)s = 'sent' THEN clock_timestamp() END
    WHERE id = %(id)s
      AND (state = 'unknown' OR (state IN ('failed', 'expired') AND %(state)s = 'retry'))
      AND (%(state)s <> 'retry' OR content IS NOT NULL)
    RETURNING id, occurrence_id
), reopened AS (
    UPDATE m2s_orchestration.occurrence SET state = 'decided'
    FROM settled WHERE occurrence.id = settled.occurrence_id AND %(state)s = 'retry'
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, text)
SELECT id, %(state)s, %(person)s, %(reason)s FROM settled
RETURNING delivery_id;

-- drop_old_contents: The bytes of what was settled long ago are dropped; the rows stay.
UPDATE m2s_orchestration.delivery SET content = NULL
WHERE content IS NOT NULL AND changed_at < clock_timestamp() - %(kept)s
  AND state IN ('sent', 'failed', 'expired', 'skipped')
RETURNING id;

-- send_again: What was sent is recorded once more, as a delivery of its own; no row if its text is gone.
WITH again AS (
    INSERT INTO m2s_orchestration.delivery
        (occurrence_id, notification, period, recipient_key, channel, variant, sender, address,
         message_id, subject, content, content_digest, state, due_until, settled_by, settled_reason)
    SELECT occurrence_id, notification, period, recipient_key, channel, %(variant)s, sender, address,
           %(message_id)s, subject, %(content)s, %(content_digest)s, 'planned', %(due_until)s,
           %(person)s, %(reason)s
    FROM m2s_orchestration.delivery WHERE id = %(id)s AND state = 'sent' AND content IS NOT NULL
    ON CONFLICT DO NOTHING
    RETURNING id, occurrence_id
), reopened AS (
    UPDATE m2s_orchestration.occurrence SET state = 'decided'
    FROM again WHERE occurrence.id = again.occurrence_id
)
INSERT INTO m2s_orchestration.attempt (delivery_id, state, owner, text)
SELECT id, 'planned', %(person)s, %(reason)s FROM again
RETURNING delivery_id;
