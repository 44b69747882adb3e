#!/bin/sh
# What `docker build` does with Dockerfile, as a shell script.
# Made by dock2sh 0.1.0 from Dockerfile (sha256:98f764fc838f).
#
# Run it as root beside the build context, on a fresh debian:12 (a container, a VM, a host):
#
#   docker run -it -v "$PWD:/context:ro" -w /context debian:12 sh setup.sh
#
#   sh setup.sh              do every step         --list        show the steps
#   sh setup.sh --from 3     go on at step 3       --dry-run     say what would be done
#   sh setup.sh --root DIR   build into DIR        start ARG...  start it, as `docker run IMAGE ARG...`

build() {
    from debian:12 base                                                     # Dockerfile:3
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    arg PYTHON=3.11                                                         # Dockerfile:4
    env LANG=C.UTF-8 APP_HOME=/opt/app                                      # Dockerfile:5

    step 1 'Dockerfile:7    RUN apt-get update && apt-get install -y --no-install-recommends py...'
    run <<'RUN'
apt-get update \
 && apt-get install -y --no-install-recommends \
      python3 \
      # the web server
      nginx \
 && rm -rf /var/lib/apt/lists/*
RUN

    step 2 "Dockerfile:13   WORKDIR \$APP_HOME"
    workdir /opt/app
    keep base

    stage_from build base                                                   # Dockerfile:15
    arg PYTHON=3.11
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 APP_HOME=/opt/app
    directory /opt/app

    step 3 'Dockerfile:16   COPY requirements.txt .'
    copy requirements.txt /opt/app/

    step 4 'Dockerfile:17   RUN python3 -m venv /venv && /venv/bin/pip install -r requirements.txt'
    run <<'RUN'
python3 -m venv /venv \
 && /venv/bin/pip install -r requirements.txt
RUN

    step 5 'Dockerfile:19   COPY . .'
    copy . /opt/app/

    step 6 'Dockerfile:20   RUN make all && make test'
    run <<'RUN'
make all && \
    make test
RUN

    from_stage base                                                         # Dockerfile:23
    arg PYTHON=3.11
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 APP_HOME=/opt/app
    directory /opt/app
    # Dockerfile:24  LABEL org.opencontainers.image.title="app" org.opencontainers.image.version="1.0"

    step 7 'Dockerfile:26   COPY --from=build /venv /venv'
    copy --from=build venv /venv

    step 8 "Dockerfile:27   COPY --from=build --chown=www-data:www-data \$APP_HOME/dist ./"
    copy --from=build --chown=www-data:www-data opt/app/dist /opt/app/

    step 9 'Dockerfile:28   COPY <<EOF /etc/motd'
    file EOF /etc/motd <<'TEXT'
Welcome to /opt/app
TEXT
    env PATH=/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin # Dockerfile:31
    # Dockerfile:32  EXPOSE 8000/tcp 8001
    # Dockerfile:33  VOLUME ["/data"]
    # Dockerfile:34  HEALTHCHECK --interval=30s CMD curl -f http://localhost:8000/ || exit 1
    user www-data                                                           # Dockerfile:35
    # Dockerfile:36  STOPSIGNAL SIGINT
    # Dockerfile:37  ENTRYPOINT ["python3", "-m", "app"]
    # Dockerfile:38  CMD ["--port", "8000"]
}

# What `sh setup.sh start` starts: ENTRYPOINT and CMD.
image() {
    entrypoint python3 -m app
    cmd --port 8000
}

id=ff8d63251c79
total=9
stages='base
build base
2 base build'

