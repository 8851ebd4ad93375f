-- Takes back 0002_latest.up.sql; safe to run twice. Of promotions of the same image to the same target that are under way,
-- the newest goes on and the others end as superseded.
UPDATE promotions SET state = 'superseded', reason = 'a newer promotion of the same image took its place',
    next_attempt_at = NULL
FROM promotions AS newer
WHERE promotions.state IN ('waiting', 'running') AND newer.state IN ('waiting', 'running')
    AND newer.target = promotions.target AND newer.image = promotions.image AND newer.tag = promotions.tag
    AND newer.digest = promotions.digest
    AND (newer.created_at, newer.id) > (promotions.created_at, promotions.id);
DROP INDEX IF EXISTS promotions_by_target;
DROP INDEX IF EXISTS promotions_untried;
CREATE UNIQUE INDEX IF NOT EXISTS promotions_open ON promotions (target, image, tag, digest)
    WHERE state IN ('waiting', 'running');
