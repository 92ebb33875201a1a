-- The ledger: what was decided, what was sent, and who held the lease.

CREATE TABLE m2s_orchestration.occurrence (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification  text        NOT NULL,
    tick          timestamptz NOT NULL,
    state         text        NOT NULL,
    periods       text[]      NOT NULL DEFAULT '{}',
    found         jsonb       NOT NULL DEFAULT '{}',
    notices       integer     NOT NULL DEFAULT 0,
    changes       integer     NOT NULL DEFAULT 0,
    run_id        text,
    decided_by    text,
    decided_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    due_until     timestamptz NOT NULL,
    CONSTRAINT occurrence_once UNIQUE (notification, tick),
    CONSTRAINT occurrence_state CHECK (state IN (
        'decided',  -- its mail is recorded; some of it may not be out
        'done',     -- nothing is left to send
        'expired'   -- it came too late and was never decided
    ))
);

CREATE INDEX occurrence_open ON m2s_orchestration.occurrence (notification)
    WHERE state = 'decided';

CREATE TABLE m2s_orchestration.delivery (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurrence_id   bigint      NOT NULL REFERENCES m2s_orchestration.occurrence (id),
    notification    text        NOT NULL,
    period          text        NOT NULL,
    recipient_key   text        NOT NULL,
    channel         text        NOT NULL DEFAULT 'email',
    variant         text        NOT NULL DEFAULT '',
    sender          text,
    address         text,
    message_id      text,
    subject         text,
    content         bytea,
    content_digest  text,
    state           text        NOT NULL,
    reason          text        NOT NULL DEFAULT '',
    owner           text,
    tries           integer     NOT NULL DEFAULT 0,
    resends         integer     NOT NULL DEFAULT 0,
    not_before      timestamptz NOT NULL DEFAULT '-infinity',
    due_until       timestamptz NOT NULL,
    reply_code      integer,
    reply_text      text,
    claimed_at      timestamptz,
    settled_by      text,
    settled_reason  text,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at         timestamptz,
    CONSTRAINT delivery_once UNIQUE (notification, period, recipient_key, channel, variant),
    CONSTRAINT delivery_message_id_once UNIQUE (message_id),
    CONSTRAINT delivery_state CHECK (state IN (
        'planned',  -- recorded, not begun
        'retry',    -- the server did not take it; to be offered again
        'sending',  -- the final dot is about to go out, or went
        'sent',     -- the server took it
        'failed',   -- the server refused it for good
        'unknown',  -- the server may have taken it; a person decides
        'skipped',  -- cannot be mailed, for the reason given
        'expired'   -- too late to be of use
    )),
    CONSTRAINT delivery_resent_once CHECK (resends <= 1),
    CONSTRAINT delivery_sending_has_owner CHECK (state <> 'sending' OR owner IS NOT NULL),
    CONSTRAINT delivery_sent_has_time CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CONSTRAINT delivery_skipped_has_reason CHECK (state <> 'skipped' OR reason <> ''),
    CONSTRAINT delivery_open_has_content CHECK (
        state NOT IN ('planned', 'retry', 'sending') OR
        (content IS NOT NULL AND sender IS NOT NULL AND address IS NOT NULL
            AND message_id IS NOT NULL)
    ),
    CONSTRAINT delivery_settlement_has_reason CHECK (
        settled_by IS NULL OR coalesce(settled_reason, '') <> ''
    )
);

CREATE INDEX delivery_of_occurrence ON m2s_orchestration.delivery (occurrence_id);

CREATE INDEX delivery_open ON m2s_orchestration.delivery (notification)
    WHERE state IN ('planned', 'retry', 'sending', 'unknown');

CREATE INDEX delivery_with_content ON m2s_orchestration.delivery (changed_at)
    WHERE content IS NOT NULL;

CREATE TABLE m2s_orchestration.attempt (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id  bigint      NOT NULL REFERENCES m2s_orchestration.delivery (id),
    state        text        NOT NULL,
    owner        text,
    run_id       text,
    code         integer,
    text         text,
    at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX attempt_of_delivery ON m2s_orchestration.attempt (delivery_id);

CREATE TABLE m2s_orchestration.notice (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    occurrence_id  bigint NOT NULL REFERENCES m2s_orchestration.occurrence (id),
    notification   text   NOT NULL,
    period         text   NOT NULL,
    member_id      bigint NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT notice_once UNIQUE (notification, period, member_id)
);

CREATE INDEX notice_of_occurrence ON m2s_orchestration.notice (occurrence_id);

CREATE TABLE m2s_orchestration.lease_event (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification  text        NOT NULL,
    event         text        NOT NULL,
    owner         text        NOT NULL,
    other         text,
    seconds       double precision,
    run_id        text,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT lease_event_kind CHECK (event IN (
        'acquired',    -- nobody held it
        'taken_over',  -- from `other`, whose term was past for `seconds`
        'contended',   -- `other` held it, for `seconds` more
        'forced',      -- `other` held it and the run went on without it
        'lost',        -- the holder found its row gone or another's (`other`)
        'released',    -- after `seconds`
        'cleared'      -- a person (`owner`) removed the lease of `other`
    ))
);

CREATE INDEX lease_event_by_time ON m2s_orchestration.lease_event (notification, at);

CREATE FUNCTION m2s_orchestration.lawful_delivery() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ('planned', 'skipped') THEN
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

CREATE TRIGGER delivery_is_lawful
    BEFORE INSERT OR UPDATE ON m2s_orchestration.delivery
    FOR EACH ROW EXECUTE FUNCTION m2s_orchestration.lawful_delivery();
