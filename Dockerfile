# The bot for a real workspace:
#   docker build -t llm-copilot .
#   docker run --env-file .env -v copilot:/data llm-copilot

FROM python:3.11-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY bot bot
COPY handlers handlers
COPY integrations integrations
COPY storage storage
RUN /opt/venv/bin/pip install --constraint constraints.txt ".[postgres,otel]"

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    LLM_COPILOT_DATA_DIR=/data \
    LLM_COPILOT_HTTP_HOST=0.0.0.0 \
    LLM_COPILOT_LOG_FORMAT=json
# By number, so that Kubernetes can see that it is not root.
RUN groupadd --gid 10001 copilot \
    && useradd --uid 10001 --gid copilot --no-create-home --home-dir /app --shell /usr/sbin/nologin copilot \
    && install --directory --owner=copilot --group=copilot /data
COPY --from=build /opt/venv /opt/venv
WORKDIR /app
COPY manifest.yml ./
USER 10001:10001
VOLUME /data
EXPOSE 8080
# Not urllib: it would ask a proxy, if the environment names one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('LLM_COPILOT_HTTP_PORT') or 8080), timeout=4); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]
CMD ["llm-copilot", "run"]
