-- Takes back 0001_ledger.up.sql; safe to run twice.
DROP TABLE IF EXISTS promotions;
DROP TABLE IF EXISTS deliveries;
DROP TABLE IF EXISTS deployments;
