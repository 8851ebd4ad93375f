-- Takes back 0003_engine.up.sql; safe to run twice. Lost: what is committed together, since when targets wait, what was a
-- retry of what, and how often deliveries were asked for again.
DROP TABLE IF EXISTS redeliveries;
DROP TABLE IF EXISTS sweeps;
DROP INDEX IF EXISTS deliveries_by_outcome;
DROP INDEX IF EXISTS promotions_by_branch;
ALTER TABLE promotions
    DROP COLUMN IF EXISTS branch,
    DROP COLUMN IF EXISTS waiting_since,
    DROP COLUMN IF EXISTS retry_of;
