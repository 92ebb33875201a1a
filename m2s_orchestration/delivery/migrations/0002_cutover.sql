-- Moving over from the CronJobs: what is whose since when, and a lock row that stays out of reach.

CREATE TABLE m2s_orchestration.cutover (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification    text        NOT NULL,
    effective_from  timestamptz NOT NULL,  -- the first tick that is ours
    imported        integer     NOT NULL DEFAULT 0,
    moved_by        text        NOT NULL,
    moved_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    back_by         text,
    back_at         timestamptz,
    CONSTRAINT cutover_back_is_whole CHECK ((back_at IS NULL) = (back_by IS NULL))
);

-- A notification may move over, go back and move over again; it is never moved over twice at once.
CREATE UNIQUE INDEX cutover_once ON m2s_orchestration.cutover (notification)
    WHERE back_at IS NULL;

-- Whether an occurrence is ours to decide. What never moved over was never anybody else's.
CREATE FUNCTION m2s_orchestration.is_ours(notification text, tick timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        bool_or(tick >= effective_from AND (back_at IS NULL OR tick < back_at)), true
    )
    FROM m2s_orchestration.cutover WHERE cutover.notification = is_ours.notification
$$;

-- Who has the row of a notification that has moved over while nobody runs it.
CREATE FUNCTION m2s_orchestration.tombstone() RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT 'moved-to-dagster' $$;

-- The tombstone's end. Not infinity, which the web application cannot read.
CREATE FUNCTION m2s_orchestration.tombstone_end() RETURNS timestamptz
LANGUAGE sql IMMUTABLE AS $$ SELECT timestamptz '3000-01-01 00:00+00' $$;

-- The lease of such a notification is dated a thousand years ahead: to the web application it lives,
-- whatever becomes of its holder; to us it ends a thousand years before it says so. In hours, which
-- are as long in every time zone.
CREATE FUNCTION m2s_orchestration.reach() RETURNS interval
LANGUAGE sql IMMUTABLE AS $$ SELECT interval '8766000 hours' $$;

-- Whether a row of cronjob_locks is dated so.
CREATE FUNCTION m2s_orchestration.is_out_of_reach(expires_at timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$ SELECT expires_at >= timestamptz '2900-01-01 00:00+00' $$;

-- When a row of cronjob_locks ends for us.
CREATE FUNCTION m2s_orchestration.lease_end(expires_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN m2s_orchestration.is_out_of_reach(expires_at)
                THEN expires_at - m2s_orchestration.reach()
                ELSE expires_at END
$$;

ALTER TABLE m2s_orchestration.lease_event DROP CONSTRAINT lease_event_kind;
ALTER TABLE m2s_orchestration.lease_event ADD CONSTRAINT lease_event_kind CHECK (event IN (
    'acquired',    -- nobody held it
    'taken_over',  -- from `other`, whose term was past for `seconds`
    'contended',   -- `other` held it, for `seconds` more
    'forced',      -- `other` held it and the run went on without it
    'lost',        -- the holder found its row gone or another's (`other`)
    'released',    -- after `seconds`
    'cleared',     -- a person (`owner`) removed the lease of `other`
    'moved',       -- a person (`owner`) put the tombstone in its place
    'moved_back'   -- a person (`owner`) took the tombstone away
));

ALTER TABLE m2s_orchestration.occurrence DROP CONSTRAINT occurrence_state;
ALTER TABLE m2s_orchestration.occurrence ADD CONSTRAINT occurrence_state CHECK (state IN (
    'decided',  -- its mail is recorded; some of it may not be out
    'done',     -- nothing is left to send
    'expired',  -- it came too late and was never decided
    'imported'  -- it was never decided here; whom the web application told of it is recorded
));

-- As before, and in addition: what the web application sent is recorded as sent from the start.
CREATE OR REPLACE FUNCTION m2s_orchestration.lawful_delivery() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('planned', 'skipped')
           AND (NEW.state, NEW.settled_by) IS DISTINCT FROM ('sent', 'import') THEN
            RAISE EXCEPTION 'a delivery begins as planned or skipped, not as %', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_lawful_move';
        END IF;
        RETURN NEW;
    END IF;

    IF (NEW.notification, NEW.period, NEW.recipient_key, NEW.channel, NEW.variant)
       IS DISTINCT FROM
       (OLD.notification, OLD.period, OLD.recipient_key, OLD.channel, OLD.variant)
       OR OLD.state <> 'skipped' AND (
           NEW.message_id IS DISTINCT FROM OLD.message_id
           OR NEW.sender IS DISTINCT FROM OLD.sender
           OR NEW.address IS DISTINCT FROM OLD.address
           OR NEW.content_digest IS DISTINCT FROM OLD.content_digest
           OR (NEW.content IS DISTINCT FROM OLD.content AND NEW.content IS NOT NULL)
       ) THEN
        RAISE EXCEPTION 'what delivery % says and to whom is fixed', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_fixed';
    END IF;

    IF OLD.state = 'sending' AND NEW.owner IS DISTINCT FROM OLD.owner THEN
        RAISE EXCEPTION 'delivery % is being sent by %', OLD.id, OLD.owner
            USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_lawful_move';
    END IF;

    IF NEW.state IS DISTINCT FROM OLD.state THEN
        IF NOT (
            (OLD.state IN ('planned', 'retry')
                AND NEW.state IN ('sending', 'retry', 'failed', 'expired'))
            OR (OLD.state = 'skipped' AND NEW.state = 'planned')
            OR (OLD.state = 'sending' AND NEW.state IN ('sent', 'retry', 'failed', 'unknown'))
            -- The first sender's late testimony bears its own name; anybody else signs as settler.
            OR (OLD.state = 'unknown' AND NEW.state IN ('sent', 'retry', 'failed')
                AND (NEW.settled_by IS NOT NULL OR NEW.owner IS NOT DISTINCT FROM OLD.owner))
            OR (OLD.state IN ('failed', 'expired') AND NEW.state = 'retry'
                AND NEW.settled_by IS NOT NULL)
        ) THEN
            RAISE EXCEPTION 'delivery % cannot go from % to %', OLD.id, OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'delivery_lawful_move';
        END IF;
    END IF;
    -- To forget an old text is no change of what became of it.
    IF NEW.content IS NOT DISTINCT FROM OLD.content THEN
        NEW.changed_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
