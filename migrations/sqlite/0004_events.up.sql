-- What became of deployments after their commit: events, as rollouts and people report them.
-- min-compatible: 1

-- One report about one deployment; `detail` is a JSON object. The source's own id tells a repeated report from a new one.
CREATE TABLE deployment_events (
    source TEXT NOT NULL,
    id TEXT NOT NULL,
    deployment_id TEXT NOT NULL REFERENCES deployments (id),
    kind TEXT NOT NULL,
    -- The status that it reports; NULL where it says nothing about that.
    status TEXT,
    actor TEXT,
    detail TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

-- The paging key is the one that cursors hold.
CREATE INDEX deployment_events_newest ON deployment_events (deployment_id, recorded_at, (source || '/' || id));

-- What is under way, to be superseded or counted as stalled; what has ended is most, and is not in it.
CREATE INDEX deployments_under_way ON deployments (service_name, environment, created_at, id, updated_at)
    WHERE status IN ('pending', 'running');
