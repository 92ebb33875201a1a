-- Indexes for a ledger that is never emptied: what is not out, and what happened lately, are found
-- without looking at all that was ever sent.

-- However long the indexes of an old ledger take.
SET LOCAL statement_timeout = 0;

CREATE INDEX delivery_not_sent ON m2s_orchestration.delivery (state, notification, id)
    WHERE state <> 'sent';

CREATE INDEX delivery_sent ON m2s_orchestration.delivery (changed_at)
    WHERE state = 'sent';

CREATE INDEX delivery_given_up ON m2s_orchestration.delivery (changed_at)
    WHERE state IN ('failed', 'expired');

-- These tables grow at their end, nearly in the order of time.
CREATE INDEX attempt_by_time ON m2s_orchestration.attempt
    USING brin (at) WITH (autosummarize = on);

CREATE INDEX lease_event_of_all_by_time ON m2s_orchestration.lease_event
    USING brin (at) WITH (autosummarize = on);

-- Last, because nobody may read any more from here on to the end.
DROP INDEX m2s_orchestration.delivery_open;
