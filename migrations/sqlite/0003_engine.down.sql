-- Takes back 0003_engine.up.sql; safe to run twice. Lost: what is committed together, since when targets wait, what was a
-- retry of what, and how often deliveries were asked for again.
DROP TABLE IF EXISTS redeliveries;
DROP TABLE IF EXISTS sweeps;
DROP INDEX IF EXISTS deliveries_by_outcome;

-- SQLite cannot drop a column only if it exists, so the table is made anew: https://sqlite.org/lang_altertable.html#otheralter
CREATE TABLE promotions_kept AS SELECT
    id, target, service, environment, image, tag, digest, source_commit, state, reason, attempts, last_error,
    next_attempt_at, fence, commit_id, deployment_id, delivery_source, delivery_id, created_at, updated_at
FROM promotions;
DROP TABLE promotions;
CREATE TABLE promotions (
    id TEXT NOT NULL PRIMARY KEY,
    target TEXT NOT NULL,
    service TEXT NOT NULL,
    environment TEXT NOT NULL,
    image TEXT NOT NULL,
    tag TEXT NOT NULL,
    digest TEXT NOT NULL,
    source_commit TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    -- When it may be claimed: for a running promotion, when its lease ends. NULL once it has ended.
    next_attempt_at INTEGER,
    -- Counts the claims; only the latest may end the promotion.
    fence INTEGER NOT NULL DEFAULT 0,
    commit_id TEXT,
    deployment_id TEXT REFERENCES deployments (id),
    delivery_source TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    -- Deferred: a delivery is written last, when its decisions hold the ids of its promotions.
    FOREIGN KEY (delivery_source, delivery_id) REFERENCES deliveries (source, id) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((state IN ('waiting', 'running')) = (next_attempt_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO promotions (
    id, target, service, environment, image, tag, digest, source_commit, state, reason, attempts, last_error,
    next_attempt_at, fence, commit_id, deployment_id, delivery_source, delivery_id, created_at, updated_at
)
SELECT
    id, target, service, environment, image, tag, digest, source_commit, state, reason, attempts, last_error,
    next_attempt_at, fence, commit_id, deployment_id, delivery_source, delivery_id, created_at, updated_at
FROM promotions_kept;
DROP TABLE promotions_kept;
CREATE UNIQUE INDEX promotions_untried ON promotions (target, image, tag, digest)
    WHERE state = 'waiting' AND deployment_id IS NULL;
CREATE INDEX promotions_due ON promotions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX promotions_newest ON promotions (created_at, id);
CREATE INDEX promotions_by_service ON promotions (service, created_at, id);
CREATE INDEX promotions_by_environment ON promotions (environment, created_at, id);
CREATE INDEX promotions_by_state ON promotions (state, created_at, id);
CREATE INDEX promotions_by_target ON promotions (target, created_at, id);
