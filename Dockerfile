# lookalike for a NAS or a server; docs/nas.md says how to run it.
#   docker build -t lookalike .
#   docker run --rm -v /volume1/photos:/photos:ro -v lookalike-cache:/cache -v lookalike-state:/state lookalike find /photos
FROM python:3.13.7-slim-bookworm AS build
# The compiler does not reach the image that runs, so that any patch of it will do.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml CMakeLists.txt README.md LICENSE NOTICE ./
COPY native native
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir wheels .
# All extras but Spark, which wants Java and a cluster.
RUN python -m venv /opt/lookalike \
    && /opt/lookalike/bin/pip install --no-cache-dir --only-binary :all: \
    "$(echo wheels/lookalike-*.whl)[formats,jxl,tables,buckets,huggingface,plots]"

FROM python:3.13.7-slim-bookworm
COPY --from=build /opt/lookalike /opt/lookalike
# Whoever it runs as, by --user, can write here: volumes that are new take this over.
RUN useradd --uid 1000 --user-group --no-create-home --shell /usr/sbin/nologin lookalike \
    && install --directory --mode 1777 /cache /state /results
ENV PATH=/opt/lookalike/bin:$PATH \
    XDG_CACHE_HOME=/cache \
    XDG_STATE_HOME=/state \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1
# The catalog, which can always be made again; the ledger, which knows what was moved and decided.
VOLUME ["/cache", "/state"]
WORKDIR /results
USER 1000:1000
ENTRYPOINT ["lookalike"]
CMD ["--help"]
