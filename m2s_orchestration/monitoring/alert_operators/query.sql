-- troubles: What was found within two days and what no alert that went out has told, oldest first.
SELECT trouble.id, trouble.notification, trouble.tick, trouble.kind, trouble.run_id, link, said
FROM m2s_orchestration.trouble
WHERE found_at > %(as_of)s - interval '2 days'
  AND NOT EXISTS (
      SELECT FROM m2s_orchestration.delivery
      WHERE delivery.notification = 'alert_operators'
        AND delivery.period = 'trouble ' || trouble.id
        AND (delivery.state NOT IN ('planned', 'retry', 'sending', 'unknown')
             OR (delivery.state = 'unknown' AND delivery.resends > 0))
  )
ORDER BY trouble.id;

-- mails: What became of the mail of every occurrence in trouble.
SELECT delivery.id, trouble.id AS trouble_id, delivery.state, recipient_key, address,
       concat_ws(' ', nullif(reason, ''), reply_code, reply_text) AS why
FROM m2s_orchestration.trouble
JOIN m2s_orchestration.occurrence
  ON occurrence.notification = trouble.notification AND occurrence.tick = trouble.tick
JOIN m2s_orchestration.delivery ON occurrence_id = occurrence.id
WHERE found_at > %(as_of)s - interval '2 days'
ORDER BY delivery.id;
