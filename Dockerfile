# One image for every process; the command chooses which: webhook, broker, sender, chat, simulator, topics, …

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/broker
# What the application needs comes first, so that a change of the code alone does not install it again.
COPY pyproject.toml constraints.txt ./
RUN python -c 'import tomllib; p = tomllib.load(open("pyproject.toml", "rb"))["project"]; print(*p["dependencies"], *p["optional-dependencies"]["rocksdb"], sep="\n")' > requirements.txt \
 && /opt/broker/bin/python -m pip install --only-binary :all: --constraint constraints.txt --requirement requirements.txt
COPY README.md ./
COPY app ./app
COPY agents ./agents
COPY tables ./tables
COPY web ./web
RUN /opt/broker/bin/python -m pip install --no-deps . \
 && /opt/broker/bin/python -m pip check \
 && /opt/broker/bin/python -m pip uninstall --yes pip setuptools

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin broker \
 && install --directory --owner broker --group broker /var/lib/broker
COPY --from=build /opt/broker /opt/broker
ENV PATH=/opt/broker/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BROKER_DATA_DIR=/var/lib/broker \
    HEALTH_URL=http://127.0.0.1:8000/ready
USER broker
WORKDIR /var/lib/broker
EXPOSE 5000 7000 8000 8001 8002 9000
# HEALTH_URL is that of the broker process; the other processes are given theirs.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTH_URL'], timeout=4)"]
# `python -m app`, and before it the name by which the workers of one kind tell each other apart: the container's own.
ENTRYPOINT ["/bin/sh", "-c", "export BROKER_ADVERTISED_HOST=\"${BROKER_ADVERTISED_HOST:-$(hostname)}\" && exec python -m app \"$@\"", "app"]
CMD ["broker"]
