# migrate alone, for a Job, an init container or `docker run`. Who has a Python image already installs the wheel there.
#   docker build -t migrate .
#   docker run --read-only -e DATABASE_URL -v "$PWD/sql:/srv/sql:ro" migrate [up|status|verify …]
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
COPY . .
# The time in the wheel's archive: that of the commit, as in `make dist`.
ARG SOURCE_DATE_EPOCH
RUN pip wheel --no-deps --wheel-dir /wheels .
# A PostgreSQL for `--embedded` only if it is asked for: --build-arg EMBEDDED=yes
ARG EMBEDDED=
RUN python -m venv --without-pip /opt/migrate \
    && pip --python /opt/migrate/bin/python install "$(ls /wheels/*.whl)${EMBEDDED:+[embedded]}"

FROM python:${PYTHON}-slim
# A name for the number: libpq's default for the role, and what initdb asks for.
RUN groupadd --gid 65532 migrate \
    && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /srv --shell /usr/sbin/nologin migrate
COPY --from=build /opt/migrate /opt/migrate
ENV PATH=/opt/migrate/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# The current folder holds sql/migrations, and a pyproject.toml with [tool.migrate] if there is one.
WORKDIR /srv
USER 65532:65532
ENTRYPOINT ["migrate"]
CMD ["up"]
