# One image for every process; the command names the verb: api, worker, projector, simulator, migrate.
FROM python:3.11-slim AS build

WORKDIR /build
RUN python -m venv /venv
COPY requirements.lock ./
# Every package is pinned and checked by its hash; the project itself is added without asking for more.
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
COPY . .
# The panel, with Node from the wheel that is pinned like the rest.
RUN PATH="/venv/bin:$PATH" npm ci --prefix web --ignore-scripts \
 && PATH="/venv/bin:$PATH" npm run --prefix web build
RUN /venv/bin/pip wheel --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir /wheels . \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps /wheels/*.whl

FROM python:3.11-slim

RUN useradd --system --uid 10001 --home-dir /data --create-home psa-ledger
COPY --from=build /venv /venv
COPY catalogue.toml /etc/psa-ledger/catalogue.toml
ENV PATH="/venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PSA_LEDGER_DATA_DIR=/data \
    PSA_LEDGER_CATALOGUE_FILE=/etc/psa-ledger/catalogue.toml
USER 10001
WORKDIR /data
ENTRYPOINT ["psa-ledger"]
CMD ["--help"]
