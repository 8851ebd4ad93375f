WITH repeated AS (
    SELECT * FROM deployment_events WHERE source = $1::text AND id = $2::text
),
deployment AS (
    SELECT * FROM deployments WHERE id = $3::text::uuid AND NOT EXISTS (SELECT FROM repeated)
    FOR NO KEY UPDATE
),
recorded AS (
    INSERT INTO deployment_events (source, id, deployment_id, kind, status, actor, detail, recorded_at)
    SELECT $1::text, $2::text, deployment.id, $4::text, $5::text, $6::text, $7::text::jsonb,
        -- Later than every event of the deployment: of two within a millisecond, ids do not tell which came later.
        greatest(
            date_trunc('milliseconds', now()),
            (SELECT max(before.recorded_at) + interval '1 millisecond' FROM deployment_events AS before
             WHERE before.deployment_id = deployment.id)
        )
    FROM deployment
    RETURNING *
),
-- A status that this release does not know has no rank, and stays.
moved AS (
    UPDATE deployments
    SET status = CASE
            WHEN array_position(ARRAY['pending', 'running', 'superseded', 'succeeded', 'failed', 'rolled_back'], deployments.status)
                < array_position(ARRAY['pending', 'running', 'superseded', 'succeeded', 'failed', 'rolled_back'], $5::text)
            THEN $5::text
            ELSE deployments.status
        END,
        updated_at = date_trunc('milliseconds', now())
    FROM recorded
    WHERE deployments.id = recorded.deployment_id
),
-- What was under way before it, if this takes its place.
superseded AS (
    UPDATE deployments AS older
    SET status = 'superseded', updated_at = date_trunc('milliseconds', now())
    FROM deployment
    WHERE $8::bigint = 1
        AND older.service_name = deployment.service_name
        AND older.environment = deployment.environment
        AND (older.created_at, older.id) < (deployment.created_at, deployment.id)
        AND older.status IN ('pending', 'running')
    RETURNING older.id, deployment.id AS newer, deployment.version
),
told AS (
    INSERT INTO deployment_events (source, id, deployment_id, kind, status, detail, recorded_at)
    SELECT $9::text, 'superseded/' || id, id, 'superseded', 'superseded',
        jsonb_build_object('deployment', newer, 'version', version),
        greatest(
            date_trunc('milliseconds', now()),
            (SELECT max(before.recorded_at) + interval '1 millisecond' FROM deployment_events AS before
             WHERE before.deployment_id = superseded.id)
        )
    FROM superseded
    ON CONFLICT DO NOTHING
)
SELECT 1::bigint AS repeated, source, id, deployment_id::text AS deployment_id, kind, status, actor,
    detail::text AS detail, (extract(epoch FROM recorded_at) * 1000)::bigint AS recorded_at
FROM repeated
UNION ALL
SELECT 0::bigint, source, id, deployment_id::text, kind, status, actor, detail::text,
    (extract(epoch FROM recorded_at) * 1000)::bigint
FROM recorded
