"""The journal's tables and functions, as the SQL steps that `migrate` applies.

`facts` is append-only and written by `journal_append` alone. That function takes one lock and holds it until its
transaction ends, so positions become visible in their order and a follower that reads "everything after n" never
misses a late commit. The lock is an advisory one: LOCK TABLE .. IN EXCLUSIVE MODE would do the same, but also stop
and be stopped by vacuum.

Refusals leave the function as errors with a state of our own, which `recorder` translates:
JL001 a guarded stream moved, JL002 a guarded category moved; a written stream that moved and a taken key come as
unique violations of `facts_pkey` and `journal_keys_pkey`.
"""

from typing import LiteralString

CHANNEL = "facts"
"""NOTIFY channel of the append; also the name the event library derives from the table."""
APPEND_LOCK = 4_071_002
"""The advisory lock that every append holds until its transaction ends."""
CLOCK_CHANNEL = "ledger_clock"
"""NOTIFY channel of a moved clock."""

_CLOCK: LiteralString = """
CREATE TABLE ledger_clock (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  shift interval NOT NULL
);
COMMENT ON TABLE ledger_clock IS 'At most one row: by how much the ledger''s time differs from the real one.';

CREATE FUNCTION ledger_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT clock_timestamp() + coalesce((SELECT shift FROM ledger_clock), interval '0')
$$;
"""

_FACTS: LiteralString = """
CREATE TABLE facts (
  originator_id uuid NOT NULL,
  originator_version bigint NOT NULL CHECK (originator_version > 0),
  topic text NOT NULL,
  state bytea NOT NULL,
  notification_id bigint NOT NULL,
  entry_id uuid NOT NULL,
  msp text NOT NULL,
  kind text NOT NULL,
  recorded_at timestamptz NOT NULL,
  CONSTRAINT facts_pkey PRIMARY KEY (originator_id, originator_version)
) WITH (
  autovacuum_vacuum_insert_scale_factor = 0.1,
  autovacuum_analyze_scale_factor = 0.05
);
COMMENT ON COLUMN facts.notification_id IS 'The position: unique, without gaps, visible in order.';
COMMENT ON COLUMN facts.state IS 'Canonical JSON of envelope and fact, hashed as it stands.';

CREATE UNIQUE INDEX facts_position ON facts (notification_id);
CREATE UNIQUE INDEX facts_entry_id ON facts (entry_id);
CREATE INDEX facts_msp_kind_position ON facts (msp, kind, notification_id);
CREATE INDEX facts_msp_position ON facts (msp, notification_id);
CREATE INDEX facts_recorded_at ON facts (recorded_at);

CREATE TABLE journal_keys (
  msp text NOT NULL,
  kind text NOT NULL,
  key text NOT NULL,
  digest bytea NOT NULL,
  stream_id uuid NOT NULL,
  version bigint NOT NULL,
  CONSTRAINT journal_keys_pkey PRIMARY KEY (msp, kind, key)
);
COMMENT ON TABLE journal_keys IS 'Ids that count once for ever, with what they led to.';

CREATE FUNCTION facts_are_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a recorded fact is never changed or deleted';
END $$;
CREATE TRIGGER facts_are_for_ever BEFORE UPDATE OR DELETE OR TRUNCATE ON facts
  FOR EACH STATEMENT EXECUTE FUNCTION facts_are_for_ever();
"""

_APPEND: LiteralString = """
CREATE FUNCTION journal_append(
  stream_ids uuid[], versions bigint[], topics text[], states bytea[], entry_ids uuid[], msps text[], kinds text[],
  guard_ids uuid[], guard_versions bigint[],
  category_msps text[], category_kinds text[], category_positions bigint[],
  key_msps text[], key_kinds text[], key_names text[], key_digests bytea[],
  key_stream_ids uuid[], key_versions bigint[],
  OUT first_position bigint, OUT stored_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  last_position bigint;
  last_at timestamptz;
  moved text;
BEGIN
  PERFORM pg_advisory_xact_lock(4071002);

  IF guard_ids IS NOT NULL THEN
    SELECT g.id::text INTO moved
      FROM unnest(guard_ids, guard_versions) AS g (id, version)
     WHERE g.version <> coalesce((
       SELECT f.originator_version FROM facts f
        WHERE f.originator_id = g.id ORDER BY f.originator_version DESC LIMIT 1), 0)
     LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'guarded stream moved' USING ERRCODE = 'JL001', DETAIL = moved;
    END IF;
  END IF;

  IF category_msps IS NOT NULL THEN
    SELECT c.msp || ' ' || c.kind INTO moved
      FROM unnest(category_msps, category_kinds, category_positions) AS c (msp, kind, reached)
     WHERE EXISTS (
       SELECT 1 FROM facts f
        WHERE f.msp = c.msp AND f.kind = c.kind AND f.notification_id > c.reached)
     LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'guarded category moved' USING ERRCODE = 'JL002', DETAIL = moved;
    END IF;
  END IF;

  SELECT f.notification_id, f.recorded_at INTO last_position, last_at
    FROM facts f ORDER BY f.notification_id DESC LIMIT 1;
  first_position := coalesce(last_position, 0) + 1;
  stored_at := greatest(ledger_now(), last_at);

  INSERT INTO facts (originator_id, originator_version, topic, state, notification_id, entry_id, msp, kind, recorded_at)
  SELECT n.stream_id, n.version, n.topic, n.state, first_position + n.place - 1, n.entry_id, n.msp, n.kind, stored_at
    FROM unnest(stream_ids, versions, topics, states, entry_ids, msps, kinds)
      WITH ORDINALITY AS n (stream_id, version, topic, state, entry_id, msp, kind, place);

  IF key_names IS NOT NULL THEN
    INSERT INTO journal_keys (msp, kind, key, digest, stream_id, version)
    SELECT * FROM unnest(key_msps, key_kinds, key_names, key_digests, key_stream_ids, key_versions);
  END IF;

  NOTIFY facts;
END $$;
"""

_VAULT: LiteralString = """
CREATE TABLE vault_secrets (
  msp text NOT NULL,
  connection_number bigint NOT NULL,
  master_key_id bigint NOT NULL,
  data_key bytea NOT NULL,
  secret bytea NOT NULL,
  PRIMARY KEY (msp, connection_number)
);
COMMENT ON TABLE vault_secrets IS 'Credentials under a data key of their own, itself under a master key.';
"""

TABLES: tuple[tuple[str, LiteralString], ...] = (
    ("0001-clock", _CLOCK),
    ("0002-facts", _FACTS),
    ("0003-append", _APPEND),
    ("0004-vault", _VAULT),
)
