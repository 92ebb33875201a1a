-- Indexes for a ledger that is never emptied: what is left to do, and what happened lately, are found
-- without looking at all that was ever sent.

DROP INDEX m2s_orchestration.delivery_open;

CREATE INDEX delivery_not_sent ON m2s_orchestration.delivery (state, notification, id)
    WHERE state <> 'sent';

CREATE INDEX delivery_sent ON m2s_orchestration.delivery (changed_at)
    WHERE state = 'sent';

-- These tables only grow at their end, in the order of time.
CREATE INDEX attempt_by_time ON m2s_orchestration.attempt
    USING brin (at) WITH (autosummarize = on);

CREATE INDEX lease_event_of_all_by_time ON m2s_orchestration.lease_event
    USING brin (at) WITH (autosummarize = on);
