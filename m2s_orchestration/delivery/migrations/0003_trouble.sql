-- What the operators are to be told of: an occurrence that went wrong, found from outside.

CREATE TABLE m2s_orchestration.trouble (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    notification  text        NOT NULL,
    tick          timestamptz NOT NULL,
    kind          text        NOT NULL,
    run_id        text,
    link          text,
    said          text        NOT NULL DEFAULT '',
    found_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT trouble_kind CHECK (kind IN (
        'failed',   -- a run of it was red
        'late',     -- an hour after its tick nothing is decided
        'missed',   -- it came too late and was never decided
        'unknown',  -- the server's answer about some of its mail has been missing for an hour
        'command'   -- a command of the web application did not do its work on that day
    ))
);

-- One alert an occurrence, however often it is tried; what stays in doubt is a matter of its own.
CREATE UNIQUE INDEX trouble_once ON m2s_orchestration.trouble
    (notification, tick, (kind = 'unknown'));
