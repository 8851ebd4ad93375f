-- Takes back 0004_events.up.sql; safe to run twice. Lost: the events of deployments; their statuses stay.
DROP INDEX IF EXISTS deployments_under_way;
DROP TABLE IF EXISTS deployment_events;
