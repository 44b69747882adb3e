ARG V=1
FROM golang:1.22 AS build
WORKDIR /src
COPY go.* ./
# get
RUN go mod download \
    # a comment
 && true
COPY . .
RUN --mount=type=cache,target=/root/.cache CGO_ENABLED=0 go build -o /out/app ./cmd
FROM debian:12
ENV PATH=$PATH:/opt/$FOO LANG="C.UTF-8 x" Q='$y'
ARG V
RUN <<EOF
echo hi
# x
EOF
COPY --from=build --chmod=755 /out/app /usr/local/bin/
COPY <<EOT /etc/motd
hello $LANG
EOT
ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://x.org/a.tgz /opt/
USER www-data
EXPOSE 80
ENTRYPOINT ["app"]
CMD ["--serve"]
