"""The table of `rates`, and the one function that leases from it."""

from journal.migrate import Step

RATE_STEPS: tuple[Step, ...] = (
    Step(
        "api.request_rates.1",
        """
        CREATE UNLOGGED TABLE request_rates (
            account text PRIMARY KEY,
            tokens double precision NOT NULL,
            counted_at timestamptz NOT NULL
        );
        -- What is granted, at most as much as wanted; and when nothing is, after how many seconds something would be.
        CREATE FUNCTION lease_requests(
            of_account text, wanted double precision, per_second double precision, burst double precision,
            OUT granted double precision, OUT wait double precision
        ) LANGUAGE plpgsql AS $$
        DECLARE
            account_row request_rates;
            now_at timestamptz;
            available double precision;
        BEGIN
            INSERT INTO request_rates VALUES (of_account, burst, clock_timestamp()) ON CONFLICT DO NOTHING;
            SELECT * INTO account_row FROM request_rates WHERE account = of_account FOR UPDATE;
            now_at := clock_timestamp();
            available := least(burst, account_row.tokens
                + greatest(0, extract(epoch FROM now_at - account_row.counted_at)) * per_second);
            granted := CASE WHEN available < 1 THEN 0 ELSE least(wanted, floor(available)) END;
            wait := CASE WHEN granted > 0 THEN 0 ELSE (1 - available) / per_second END;
            UPDATE request_rates SET tokens = available - granted, counted_at = now_at WHERE account = of_account;
        END $$;
        COMMENT ON TABLE request_rates IS 'How much each caller of the API may still ask.';
        """,
    ),
)
