# One image for the code location, the webserver, the daemon and the pods of the runs: they must
# agree on every version, and a node pulls it once.

FROM docker.io/library/python:3.11-slim-bookworm AS build

WORKDIR /build
COPY requirements.lock requirements-image.lock ./

# The tool that installs, by its hash in the lock that names it.
RUN python3 -m venv /build/tools \
    && sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.lock \
    && /build/tools/bin/pip install --no-cache-dir --no-deps --require-hashes -r uv.lock

# What the project needs to run, and nothing of what its tests and its demo need. Compiled, because
# nothing can be written beside it later and a run's pod spends most of its time importing.
RUN python3 -m venv --without-pip /opt/m2s \
    && /build/tools/bin/uv pip install --no-cache --python /opt/m2s/bin/python \
        --compile-bytecode --require-hashes -r requirements-image.lock

COPY pyproject.toml README.md LICENSE ./
COPY m2s_orchestration ./m2s_orchestration
RUN /build/tools/bin/uv build --no-cache --wheel --out-dir /build/wheel \
        --build-constraints requirements.lock --require-hashes \
    && /build/tools/bin/uv pip install --no-cache --python /opt/m2s/bin/python \
        --compile-bytecode --no-deps /build/wheel/*.whl


FROM docker.io/library/python:3.11-slim-bookworm

# The user's number is written out, so that Kubernetes can see that it is not root.
RUN groupadd --gid 10001 m2s \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin m2s \
    && install -d -o 10001 -g 10001 /opt/dagster/dagster_home /opt/dagster/dagster_home/storage

COPY --from=build /opt/m2s /opt/m2s
# For a container that is not Kubernetes': there the chart puts its own in this place.
COPY --chown=10001:10001 dagster.yaml /opt/dagster/dagster_home/

ENV PATH=/opt/m2s/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DAGSTER_HOME=/opt/dagster/dagster_home

WORKDIR /opt/dagster/dagster_home
USER 10001:10001

# No ENTRYPOINT: the chart and the run launcher give the whole command as arguments.
CMD ["dagster", "api", "grpc", "--module-name", "m2s_orchestration.definitions", "--host", "0.0.0.0", "--port", "3030"]
