-- A planner's run and its draft.
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    -- running, draft, published, failed, discarded
    state        TEXT    NOT NULL,
    seed         BIGINT NOT NULL,
    time_limit_s BIGINT NOT NULL,
    instance     TEXT    NOT NULL,
    -- JSON, absent while it runs.
    result       TEXT,
    error        TEXT,
    by_name      TEXT    NOT NULL,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX plan_by_term ON plan (term_id, created_at);
