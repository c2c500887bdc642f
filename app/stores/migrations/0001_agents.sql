-- The register: the first generation's table, and what this one adds to it.
-- An existing table is kept with its rows; only columns are added.

CREATE TABLE IF NOT EXISTS agents (
    id bigserial PRIMARY KEY,
    name text NOT NULL,
    read_topic text NOT NULL,
    write_topic text NOT NULL,
    error_topic text NOT NULL,
    active int NOT NULL DEFAULT 1
);

ALTER TABLE agents ADD COLUMN IF NOT EXISTS description text NOT NULL DEFAULT '';
ALTER TABLE agents ADD COLUMN IF NOT EXISTS position int NOT NULL DEFAULT 0;
ALTER TABLE agents ADD COLUMN IF NOT EXISTS created_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE agents ADD COLUMN IF NOT EXISTS updated_at timestamptz NOT NULL DEFAULT now();
