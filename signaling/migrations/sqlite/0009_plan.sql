-- A planner's run and its draft.
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    -- running, draft, published, failed, discarded
    state        TEXT    NOT NULL,
    seed         INTEGER NOT NULL,
    time_limit_s INTEGER NOT NULL,
    instance     TEXT    NOT NULL,
    -- JSON, absent while it runs.
    result       TEXT,
    error        TEXT,
    by_name      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;
CREATE INDEX plan_by_term ON plan (term_id, created_at);
