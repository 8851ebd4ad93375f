-- What the promotion engine needs to gather commits, to retry, and to look after itself.
-- min-compatible: 1

ALTER TABLE promotions
    -- Where it is committed; promotions of one branch may share a commit. A release before leaves it empty.
    ADD COLUMN branch TEXT NOT NULL DEFAULT '',
    -- Since when the target waits: what supersedes an untried promotion takes its moment over. NULL: since `created_at`.
    ADD COLUMN waiting_since TIMESTAMPTZ,
    -- The promotion that somebody asked to try again by this one.
    ADD COLUMN retry_of UUID;

-- What is under way on a branch.
CREATE INDEX promotions_by_branch ON promotions (branch, created_at) WHERE next_attempt_at IS NOT NULL;

-- Counts of deliveries are read at every scrape.
CREATE INDEX deliveries_by_outcome ON deliveries (source, event, outcome);

-- When each kind of work that comes round was last begun, by whichever replica.
CREATE TABLE sweeps (
    name TEXT PRIMARY KEY,
    begun_at TIMESTAMPTZ NOT NULL
);

-- Deliveries that never arrived, and how often their sender was asked to send them again.
CREATE TABLE redeliveries (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    requests INTEGER NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (source, id)
);
