WITH repeated AS (
    SELECT decisions FROM deliveries WHERE source = $1 AND id = $2
),
wanted AS (
    SELECT *
    FROM jsonb_to_recordset($5::text::jsonb) AS wanted (
        id UUID, target TEXT, branch TEXT, service TEXT, environment TEXT, image TEXT, tag TEXT, digest TEXT, source_commit TEXT
    )
    WHERE NOT EXISTS (SELECT FROM repeated)
),
-- The promotion of the same thing that is under way, and is the latest word about the target. The lock makes sure that it
-- still is so when this statement ends.
joined AS (
    SELECT wanted.id AS wanted, promotions.id
    FROM wanted JOIN promotions USING (target, image, tag, digest)
    WHERE promotions.state IN ('waiting', 'running') AND NOT EXISTS (
        SELECT FROM promotions AS newer
        WHERE newer.target = promotions.target
            AND (newer.created_at, newer.id) > (promotions.created_at, promotions.id)
            AND newer.state IN ('waiting', 'running', 'committed', 'unchanged')
    )
    FOR SHARE OF promotions
),
new AS (
    SELECT * FROM wanted WHERE id NOT IN (SELECT wanted FROM joined)
),
-- What has been announced may have reached Git; whoever looks there ends it.
superseded AS (
    UPDATE promotions
    SET state = 'superseded', next_attempt_at = NULL, updated_at = date_trunc('milliseconds', now()),
        reason = 'a newer promotion of the target, of tag ' || new.tag || ', took its place'
    FROM new
    WHERE promotions.target = new.target AND promotions.state = 'waiting' AND promotions.deployment_id IS NULL
    RETURNING promotions.target, coalesce(promotions.waiting_since, promotions.created_at) AS waiting_since
),
created AS (
    INSERT INTO promotions (
        id, target, branch, service, environment, image, tag, digest, source_commit, state, delivery_source,
        delivery_id, waiting_since, next_attempt_at, created_at, updated_at
    )
    SELECT id, target, branch, service, environment, image, tag, digest, source_commit, 'waiting', $1, $2,
        (SELECT min(waiting_since) FROM superseded WHERE superseded.target = new.target),
        date_trunc('milliseconds', now()),
        -- Later than every promotion of the target: of two within a millisecond, ids do not tell which came later.
        greatest(
            date_trunc('milliseconds', now()),
            (SELECT max(before.created_at) + interval '1 millisecond' FROM promotions AS before
             WHERE before.target = new.target)
        ),
        date_trunc('milliseconds', now())
    FROM new
    -- Counting them makes sure that the older ones have ended: the same image may wait only once.
    WHERE (SELECT count(*) FROM superseded) >= 0
    -- Two deliveries that want the same meet at the first row, and not crosswise.
    ORDER BY target, image, tag, digest
    RETURNING id
),
decided AS (
    SELECT given.position, given.target, given.reason, coalesce(joined.id, created.id) AS promotion,
        CASE
            WHEN given.verdict IS NOT NULL THEN given.verdict
            WHEN given.again OR joined.id IS NOT NULL THEN 'joined'
            ELSE 'created'
        END AS verdict
    FROM jsonb_to_recordset($4::text::jsonb) AS given (
        position INTEGER, target TEXT, verdict TEXT, reason TEXT, wanted UUID, again BOOLEAN
    )
    LEFT JOIN joined ON joined.wanted = given.wanted
    LEFT JOIN created ON created.id = given.wanted
),
stored AS (
    INSERT INTO deliveries (source, id, event, outcome, decisions, received_at)
    SELECT $1, $2, $3,
        CASE
            WHEN bool_or(verdict = 'created') THEN 'created'
            WHEN bool_or(verdict = 'joined') THEN 'joined'
            WHEN bool_or(verdict = 'refused') THEN 'refused'
            ELSE 'ignored'
        END,
        coalesce(
            jsonb_agg(
                jsonb_strip_nulls(
                    jsonb_build_object(
                        'target', target, 'verdict', verdict, 'reason', reason, 'promotion', promotion
                    )
                )
                ORDER BY position
            ),
            '[]'
        ),
        date_trunc('milliseconds', now())
    FROM decided
    HAVING NOT EXISTS (SELECT FROM repeated)
    RETURNING decisions
)
SELECT 1::bigint AS repeated, decisions::text AS decisions FROM repeated
UNION ALL
SELECT 0::bigint, decisions::text FROM stored
