-- The ledger: deployments, deliveries, promotions.
-- min-compatible: 1
--
-- Moments have whole milliseconds, which is what cursors of the API hold. Ids are UUIDs, version 7.

-- One version of one service in one environment.
CREATE TABLE deployments (
    id UUID PRIMARY KEY,
    service_name TEXT NOT NULL,
    version TEXT NOT NULL,
    environment TEXT NOT NULL,
    status TEXT NOT NULL,
    image TEXT,
    digest TEXT,
    source_commit TEXT,
    gitops_commit TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Lists run newest first; the id settles the order within a millisecond.
CREATE INDEX deployments_newest ON deployments (created_at, id);
CREATE INDEX deployments_by_service ON deployments (service_name, created_at, id);
CREATE INDEX deployments_by_environment ON deployments (environment, created_at, id);
CREATE INDEX deployments_by_both ON deployments (service_name, environment, created_at, id);

-- Webhooks whose sender was verified; `decisions` is an array.
CREATE TABLE deliveries (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    decisions JSONB NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (source, id)
);

-- The paging key is the one that cursors hold. "C" orders bytes, whatever the language of the database.
CREATE INDEX deliveries_newest ON deliveries (received_at, ((source || '/' || id) COLLATE "C"));

-- One tag on its way to one target. A missing digest is the empty string, so that it can be compared.
CREATE TABLE promotions (
    id UUID PRIMARY KEY,
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
    next_attempt_at TIMESTAMPTZ,
    -- Counts the claims; only the latest may end the promotion.
    fence BIGINT NOT NULL DEFAULT 0,
    commit_id TEXT,
    deployment_id UUID REFERENCES deployments (id),
    delivery_source TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    -- Deferred: a delivery is written last, when its decisions hold the ids of its promotions.
    FOREIGN KEY (delivery_source, delivery_id) REFERENCES deliveries (source, id) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((state IN ('waiting', 'running')) = (next_attempt_at IS NOT NULL))
);

-- Whatever races, only one promotion of an image to a target is under way at a time.
CREATE UNIQUE INDEX promotions_open ON promotions (target, image, tag, digest)
    WHERE state IN ('waiting', 'running');
CREATE INDEX promotions_due ON promotions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
CREATE INDEX promotions_newest ON promotions (created_at, id);
CREATE INDEX promotions_by_service ON promotions (service, created_at, id);
CREATE INDEX promotions_by_environment ON promotions (environment, created_at, id);
CREATE INDEX promotions_by_state ON promotions (state, created_at, id);
