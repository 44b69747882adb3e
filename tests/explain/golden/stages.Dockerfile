# syntax=docker/dockerfile:1
ARG GO=1.23
ARG NODE=20
FROM golang:${GO} AS go-base
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
FROM go-base AS api
COPY cmd/api ./cmd/api
RUN --mount=type=cache,target=/go/pkg/mod CGO_ENABLED=0 go build -ldflags="-s -w" -o /out/api ./cmd/api
FROM go-base AS worker
COPY cmd/worker ./cmd/worker
RUN CGO_ENABLED=0 go build -o /out/worker ./cmd/worker
FROM go-base AS test
COPY . .
RUN go test ./...
FROM node:${NODE}-alpine AS node-base
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN npm ci --omit=dev
FROM node-base AS web
COPY web/ ./
RUN npm run build
FROM node-base AS docs
COPY docs/ ./
RUN npm run build
FROM debian:12-slim AS certs
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
FROM alpine:3.20 AS tools
RUN apk add --no-cache curl && curl -fsSL https://example.com/tool.tar.gz | tar -xz -C /usr/local/bin
FROM python:3.12-slim AS py
RUN pip install --no-cache-dir awscli==1.2.3
FROM scratch AS assets
COPY --from=web /web/dist /web
COPY --from=docs /web/dist /docs
FROM gcr.io/distroless/static-debian12:nonroot AS release
ENV PORT=8080 LOG=info
COPY --from=certs /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=api /out/api /api
COPY --from=worker /out/worker /worker
COPY --from=assets / /srv
COPY --from=tools /usr/local/bin/tool /tool
COPY --from=busybox:1.36 /bin/busybox /busybox
USER 65532:65532
EXPOSE 8080/tcp 9090
HEALTHCHECK --interval=10s CMD ["/api", "health"]
ENTRYPOINT ["/api"]
CMD ["--port", "8080"]
