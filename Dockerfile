# tlsprobe with its demo fleet: docker build -t tlsprobe . && docker run -p 127.0.0.1:9844:9844 tlsprobe
# The first stage has the tools that install; the image has only what runs.
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements/bootstrap.txt requirements/workers.txt requirements/quic.txt requirements/
RUN python -m venv tools \
    && tools/bin/pip install --no-cache-dir --require-hashes -r requirements/bootstrap.txt \
    && python -m venv --without-pip /opt/tlsprobe \
    && tools/bin/uv pip install --no-cache --python /opt/tlsprobe/bin/python \
        --require-hashes -r requirements/workers.txt -r requirements/quic.txt
COPY . source
RUN tools/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheels ./source \
    && tools/bin/uv pip install --no-cache --python /opt/tlsprobe/bin/python --no-deps wheels/*.whl

FROM python:3.13-slim
RUN useradd --system --uid 9844 --home-dir /var/lib/tlsprobe --create-home tlsprobe
COPY --from=build /opt/tlsprobe /opt/tlsprobe
ENV PATH=/opt/tlsprobe/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 9844
WORKDIR /var/lib/tlsprobe
VOLUME /var/lib/tlsprobe
EXPOSE 9844
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import httpx; httpx.get('http://127.0.0.1:9844/-/healthy').raise_for_status()"]
ENTRYPOINT ["tlsprobe"]
CMD ["demo", "--listen", "0.0.0.0:9844", "--allow-unauthenticated"]
