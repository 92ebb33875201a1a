-- known_troubles: The troubles that were found since a moment.
SELECT notification, tick, kind FROM m2s_orchestration.trouble WHERE found_at > %(since)s;

-- note_trouble: The operators are to hear of this; no row if they are to hear of it already.
INSERT INTO m2s_orchestration.trouble (notification, tick, kind, run_id, link, said)
VALUES (%(notification)s, %(tick)s, %(kind)s, %(run_id)s, %(link)s, %(said)s)
ON CONFLICT DO NOTHING
RETURNING id;

-- note_missed: The occurrences that came too late lately and that nobody decided.
INSERT INTO m2s_orchestration.trouble (notification, tick, kind)
SELECT notification, tick, 'missed' FROM m2s_orchestration.occurrence
WHERE state = 'expired' AND decided_at > %(since)s
ON CONFLICT DO NOTHING
RETURNING id;

-- note_unknown: The occurrences with mail whose fate has been unknown for that long.
INSERT INTO m2s_orchestration.trouble (notification, tick, kind)
SELECT DISTINCT occurrence.notification, tick, 'unknown'
FROM m2s_orchestration.delivery JOIN m2s_orchestration.occurrence ON occurrence.id = occurrence_id
WHERE delivery.state = 'unknown' AND changed_at < clock_timestamp() - %(older_than)s
  -- An alert that may not have arrived is not told by another one.
  AND occurrence.notification <> %(alerts)s
ON CONFLICT DO NOTHING
RETURNING id;
