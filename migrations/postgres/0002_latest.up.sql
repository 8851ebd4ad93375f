-- Pushes A, B, A of a mutable tag are three promotions: the third does not join the first.
-- min-compatible: 1

-- Only one promotion of an image to a target waits for its first attempt. What has been tried may have reached Git, so
-- that it is ended by looking there, and may be under way beside a newer promotion of the same image.
DROP INDEX promotions_open;
CREATE UNIQUE INDEX promotions_untried ON promotions (target, image, tag, digest)
    WHERE state = 'waiting' AND deployment_id IS NULL;

-- Which promotion is the latest word about its target.
CREATE INDEX promotions_by_target ON promotions (target, created_at, id);
