# syntax=docker/dockerfile:1
ARG PYTHON=3.11
FROM debian:12 AS base
ARG PYTHON
ENV LANG=C.UTF-8 \
    APP_HOME=/opt/app
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      python3 \
      # the web server
      nginx \
 && rm -rf /var/lib/apt/lists/*
WORKDIR $APP_HOME

FROM base AS build
COPY requirements.txt .
RUN python3 -m venv /venv \
 && /venv/bin/pip install -r requirements.txt
COPY . .
RUN make all && \
    make test

FROM base
LABEL org.opencontainers.image.title="app" \
      org.opencontainers.image.version="1.0"
COPY --from=build /venv /venv
COPY --from=build --chown=www-data:www-data $APP_HOME/dist ./
COPY <<EOF /etc/motd
Welcome to ${APP_HOME}
EOF
ENV PATH=/venv/bin:$PATH
EXPOSE 8000/tcp 8001
VOLUME ["/data"]
HEALTHCHECK --interval=30s CMD curl -f http://localhost:8000/ || exit 1
USER www-data
STOPSIGNAL SIGINT
ENTRYPOINT ["python3", "-m", "app"]
CMD ["--port", "8000"]
