# tlsprobe; without arguments it runs the demo:
#   docker build -t tlsprobe . && docker run -p 127.0.0.1:9844:9844 tlsprobe
# docs/how-to/container.md says how to run it for real. `make image-check` builds and runs it.
#
# The base is Debian's, so that Python gets Debian's security updates. Its digest is the one that the
# publisher records for August 2026 (docker-library/repo-info, repos/debian/remote/trixie-slim.md).
ARG BASE=debian:trixie-slim@sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258

# The first stage has the tools that install; the image has only what runs.
FROM ${BASE} AS build
# hadolint ignore=DL3008 # Debian's archive keeps only the newest version, with its security fixes
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3 python3-venv
WORKDIR /build
COPY requirements/bootstrap.txt requirements/workers.txt requirements/quic.txt requirements/
RUN python3 -m venv tools \
    && tools/bin/pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && python3 -m venv --without-pip /opt/tlsprobe \
    && tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/tlsprobe/bin/python \
        --require-hashes -r requirements/workers.txt -r requirements/quic.txt
COPY . source
RUN tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheels ./source \
    && tools/bin/uv pip install --no-cache --compile-bytecode --python /opt/tlsprobe/bin/python \
        --no-deps wheels/*.whl

FROM ${BASE}
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="tlsprobe" \
    org.opencontainers.image.description="Probes TLS endpoints, finds what is wrong with them, stores the facts, and serves metrics" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.base.name="debian:trixie-slim"
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && groupadd --system --gid 9844 tlsprobe \
    && useradd --system --uid 9844 --gid 9844 --create-home \
        --home-dir /var/lib/tlsprobe --shell /usr/sbin/nologin tlsprobe
COPY --from=build /opt/tlsprobe /opt/tlsprobe
COPY deploy/container/healthy.py /usr/local/lib/tlsprobe/healthy.py
# The software bill of materials (CycloneDX) names every package of Debian and of Python in the image.
RUN --mount=type=bind,source=scripts/sbom.py,target=/run/sbom.py \
    python3 /run/sbom.py /opt/tlsprobe/lib/python3*/site-packages /var/lib/dpkg/status \
        > /usr/local/lib/tlsprobe/sbom.cdx.json
ENV PATH=/opt/tlsprobe/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 9844
WORKDIR /var/lib/tlsprobe
VOLUME /var/lib/tlsprobe
EXPOSE 9844
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/usr/bin/python3", "-I", "-S", "/usr/local/lib/tlsprobe/healthy.py"]
ENTRYPOINT ["/opt/tlsprobe/bin/tlsprobe"]
# A container is reached from outside, so it listens on all of its addresses, and the demo has no secrets. This is the
# only place of the image that says so.
CMD ["demo", "--listen", "0.0.0.0:9844", "--allow-unauthenticated"]
