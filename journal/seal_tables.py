"""The sealer's tables: what was sealed, what was signed, and where the chains stand.

Seals, checkpoints and heads are never changed or deleted, like facts. `audit_position` and `audit_chains` only spare
the next sealer a look through all seals: what they say can be worked out from the others, and a check does not use it.
"""

from journal.migrate import Step

SEAL_STEPS = (
    Step(
        "journal.seal.0001",
        """
        CREATE TABLE audit_position (
          one boolean PRIMARY KEY DEFAULT true CHECK (one),
          position bigint NOT NULL
        );
        COMMENT ON TABLE audit_position IS 'At most one row: up to which position the journal is sealed.';

        CREATE TABLE audit_chains (
          msp text PRIMARY KEY,
          position bigint NOT NULL,
          count bigint NOT NULL,
          value bytea NOT NULL,
          signed_number bigint NOT NULL,
          signed_position bigint NOT NULL,
          signed_hash bytea
        );

        CREATE TABLE audit_seals (
          msp text NOT NULL,
          position bigint NOT NULL,
          count bigint NOT NULL,
          value_before bytea NOT NULL,
          value bytea NOT NULL,
          positions bigint[] NOT NULL,
          hashes bytea NOT NULL,
          PRIMARY KEY (msp, position)
        );
        COMMENT ON COLUMN audit_seals.position IS 'Of the last fact in the seal.';
        COMMENT ON COLUMN audit_seals.count IS 'How many facts of the MSP are sealed, these included.';
        COMMENT ON COLUMN audit_seals.hashes IS 'SHA-256 of each fact''s line, 32 bytes each, as positions are.';

        CREATE TABLE audit_checkpoints (
          msp text NOT NULL,
          position bigint NOT NULL,
          number bigint NOT NULL,
          count bigint NOT NULL,
          at timestamptz NOT NULL,
          key text NOT NULL,
          head bigint NOT NULL,
          body bytea NOT NULL,
          signature bytea NOT NULL,
          PRIMARY KEY (msp, position)
        );
        CREATE UNIQUE INDEX audit_checkpoints_number ON audit_checkpoints (msp, number);
        COMMENT ON COLUMN audit_checkpoints.body IS 'The bytes that are signed; the other columns are for finding it.';

        CREATE TABLE audit_heads (
          number bigint PRIMARY KEY,
          position bigint NOT NULL,
          at timestamptz NOT NULL,
          key text NOT NULL,
          body bytea NOT NULL,
          signature bytea NOT NULL
        );

        CREATE TABLE audit_keys (
          id text PRIMARY KEY,
          public_key bytea NOT NULL,
          first_used_at timestamptz NOT NULL
        );
        COMMENT ON TABLE audit_keys IS 'Public keys for people to compare; an auditor trusts the keys he was given.';

        CREATE FUNCTION seals_are_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'what was sealed or signed is never changed or deleted';
        END $$;
        CREATE TRIGGER seals_are_for_ever BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seals
          FOR EACH STATEMENT EXECUTE FUNCTION seals_are_for_ever();
        CREATE TRIGGER seals_are_for_ever BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_checkpoints
          FOR EACH STATEMENT EXECUTE FUNCTION seals_are_for_ever();
        CREATE TRIGGER seals_are_for_ever BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_heads
          FOR EACH STATEMENT EXECUTE FUNCTION seals_are_for_ever();
        """,
    ),
    Step(
        "journal.seal.0002",
        """
        CREATE FUNCTION push_started(state bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
        BEGIN
          RETURN convert_from(state, 'UTF8')::json #>> '{data,push}';
        END $$;
        CREATE INDEX facts_push_started ON facts (push_started(state)) WHERE topic = 'addition.push-started.v1';
        COMMENT ON INDEX facts_push_started IS 'So that `find` leads from a push''s id to its start.';
        """,
    ),
    Step(
        "journal.seal.0003",
        """
        -- A fact's line holds its number within its MSP from now on, no longer its position: all is sealed anew.
        ALTER TABLE audit_seals DISABLE TRIGGER USER;
        ALTER TABLE audit_checkpoints DISABLE TRIGGER USER;
        ALTER TABLE audit_heads DISABLE TRIGGER USER;
        TRUNCATE audit_seals, audit_checkpoints, audit_heads, audit_chains, audit_position;
        ALTER TABLE audit_seals ENABLE TRIGGER USER;
        ALTER TABLE audit_checkpoints ENABLE TRIGGER USER;
        ALTER TABLE audit_heads ENABLE TRIGGER USER;
        CREATE UNIQUE INDEX audit_seals_count ON audit_seals (msp, count);
        CREATE UNIQUE INDEX audit_checkpoints_count ON audit_checkpoints (msp, count);
        COMMENT ON COLUMN audit_seals.position IS 'The journal''s, of its last fact; never shown to an MSP.';
        COMMENT ON COLUMN audit_checkpoints.position IS 'The journal''s, of the last fact; not signed, never shown.';
        """,
    ),
)
