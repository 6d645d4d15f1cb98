# The gateway as an image: built in one stage, run in another as a user without rights.
# Runs with a read-only root (`--read-only --tmpfs /tmp`): only the volume /state is written.
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/motlan
COPY requirements/base.in requirements/base.txt requirements/postgres.in requirements/postgres.txt \
     requirements/tsa.in requirements/tsa.txt requirements/pades.in requirements/pades.txt \
     requirements/build.txt requirements/
RUN /opt/motlan/bin/pip install --require-hashes -r requirements/postgres.txt \
 && /opt/motlan/bin/pip install --require-hashes -r requirements/tsa.txt \
 && /opt/motlan/bin/pip install --require-hashes -r requirements/pades.txt \
 && /opt/motlan/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md CHANGELOG.md SECURITY.md CONTRIBUTING.md LICENSE ./
COPY gateway gateway
COPY adapters adapters
# what /manual shows of the other rooms
COPY mappings/*.md mappings/
COPY mappings/examples/*.md mappings/examples/
COPY schemas/*.md schemas/
COPY schemas/api/*.md schemas/api/
COPY config/*.md config/
COPY tests/*.md tests/
COPY tests/bench/*.md tests/bench/
COPY tests/replay/*.md tests/replay/
RUN /opt/motlan/bin/pip install --no-deps --no-index --no-build-isolation . \
 && /opt/motlan/bin/pip uninstall --yes setuptools pip

FROM python:3.13-slim
LABEL org.opencontainers.image.title="motlan" \
      org.opencontainers.image.description="Một Lần: the once-only gateway" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PATH=/opt/motlan/bin:$PATH
RUN useradd --system --uid 10001 --home-dir /state --shell /usr/sbin/nologin motlan \
 && install -d -o motlan -g motlan -m 0700 /state
COPY --from=build /opt/motlan /opt/motlan
# the configuration is not in the image: mount it at /srv/motlan/config (without it the gateway says so and ends)
WORKDIR /srv/motlan
COPY schemas schemas
COPY mappings mappings
USER 10001
VOLUME ["/state"]
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8081/health/ready', timeout=2)"]
ENTRYPOINT ["python", "-m", "gateway"]
CMD ["serve", "--config", "config", "--dir", "/state", "--host", "0.0.0.0"]
