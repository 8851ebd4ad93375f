-- What became of deployments after their commit: events, as rollouts and people report them.
-- min-compatible: 1

-- One report about one deployment. The source's own id tells a repeated report from a new one.
CREATE TABLE deployment_events (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    deployment_id UUID NOT NULL REFERENCES deployments (id),
    kind TEXT NOT NULL,
    -- The status that it reports; NULL where it says nothing about that.
    status TEXT,
    actor TEXT,
    detail JSONB NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (source, id)
);

-- The paging key is the one that cursors hold. "C" orders bytes, whatever the language of the database.
CREATE INDEX deployment_events_newest
    ON deployment_events (deployment_id, recorded_at, ((source || '/' || id) COLLATE "C"));

-- What is under way, to be superseded or counted as stalled; what has ended is most, and is not in it.
CREATE INDEX deployments_under_way ON deployments (service_name, environment, created_at, id, updated_at)
    WHERE status IN ('pending', 'running');
