FROM debian:bookworm-slim
ENV TOOL_VERSION=1.2 GOPATH=/go
RUN set -eux; \
    arch="$(dpkg --print-architecture)"; \
    case "$arch" in \
        amd64) url="https://example.com/tool-$TOOL_VERSION-x86_64.tar.gz" ;; \
        # others are compiled
        *) echo >&2 "error: unsupported $arch"; exit 1 ;; \
    esac; \
    curl -fsSL -o tool.tgz "$url"; \
    if [ -n "$CHECK" ]; then echo "$CHECK *tool.tgz" | sha256sum -c --strict -; fi; \
    tar -xzf tool.tgz -C /usr/local --strip-components=1; \
    find /usr/local -depth -name '*.pyc' -exec rm -rf '{}' +; \
    sed -i 's/^#Port 22/Port 2222/' /etc/ssh/sshd_config; \
    chmod 4755 /usr/local/bin/tool; \
    frobnicate --all "$TOOL_VERSION"
RUN --mount=type=secret,id=key --mount=type=bind,target=/src <<EOF
cd /src
make -j$(nproc) install > /dev/null 2>&1 || true
EOF
RUN echo "unbalanced
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
USER 1000:1000
WORKDIR /app
COPY --chown=1000 --chmod=0640 conf/ .env ./
HEALTHCHECK --interval=10s --retries=5 CMD curl -f http://localhost/ || exit 1
EXPOSE 8080
CMD exec python3 -m http.server "$PORT"
