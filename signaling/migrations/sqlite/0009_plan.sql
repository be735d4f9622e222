-- A planner's run and its draft.
CREATE TABLE plan (
    id           TEXT PRIMARY KEY,
    term_id      TEXT    NOT NULL REFERENCES term (id),
    -- running, draft, published, failed, discarded
    state        TEXT    NOT NULL,
    seed         INTEGER NOT NULL,
    time_limit_s INTEGER NOT NULL,
    -- From this week of the term on it would be the timetable.
    from_week    INTEGER NOT NULL,
    -- Periods a week that are to be delivered.
    demanded     INTEGER NOT NULL,
    -- JSON (docs/planner.md).
    instance     TEXT    NOT NULL,
    -- JSON (docs/planner.md), absent while it runs; and what lists show of it.
    result       TEXT,
    summary      TEXT,
    error        TEXT,
    by_name      TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    ended_at     INTEGER
) STRICT;
CREATE INDEX plan_by_term ON plan (term_id, created_at);
