-- A planner's run and its draft.
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    -- running, draft, published, failed, discarded
    state        TEXT    NOT NULL,
    seed         BIGINT NOT NULL,
    time_limit_s BIGINT NOT NULL,
    -- From this week of the term on it would be the timetable.
    from_week    BIGINT NOT NULL,
    -- Periods a week that are to be delivered.
    demanded     BIGINT NOT NULL,
    -- JSON (docs/planner.md).
    instance     TEXT    NOT NULL,
    -- JSON (docs/planner.md), absent while it runs; and what lists show of it.
    result       TEXT,
    summary      TEXT,
    error        TEXT,
    by_name      TEXT    NOT NULL,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT
);
CREATE INDEX plan_by_term ON plan (term_id, created_at);
