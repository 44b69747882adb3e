#!/bin/sh
# What `docker build` does with Dockerfile, as a shell script.
# Made by dock2sh 0.1.0 from Dockerfile (sha256:28ab0ca385dd).
#
# Run it as root beside the build context, on a fresh debian:12 (a container, a VM, a host):
#
#   docker run -it -v "$PWD:/context:ro" -w /context debian:12 sh setup.sh
#
#   sh setup.sh              do every step         --list        show the steps
#   sh setup.sh --from 3     go on at step 3       --dry-run     say what would be done
#   sh setup.sh --root DIR   build into DIR        start ARG...  start it, as `docker run IMAGE ARG...`

build() {
    stage build golang:1.22                                                 # Dockerfile:2
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

    step 1 'Dockerfile:3    WORKDIR /src'
    workdir /src

    step 2 'Dockerfile:4    COPY go.* ./'
    copy 'go.*' /src/

    step 3 'Dockerfile:6    RUN go mod download && true'
    run <<'RUN'
go mod download \
    # a comment
 && true
RUN

    step 4 'Dockerfile:9    COPY . .'
    copy . /src/

    step 5 'Dockerfile:10   RUN --mount=type=cache,target=/root/.cache CGO_ENABLED=0 go build -...'
    with cache target=/root/.cache id=/root/.cache
    run <<'RUN'
CGO_ENABLED=0 go build -o /out/app ./cmd
RUN

    from debian:12                                                          # Dockerfile:11
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/ LANG='C.UTF-8 x' Q="\$y" # Dockerfile:12
    arg V=1                                                                 # Dockerfile:13

    step 6 'Dockerfile:14   RUN <<EOF'
    run_lines <<'RUN'
echo hi
# x
RUN

    step 7 'Dockerfile:18   COPY --from=build --chmod=755 /out/app /usr/local/bin/'
    copy --from=build --chmod=755 out/app /usr/local/bin/

    step 8 'Dockerfile:19   COPY <<EOT /etc/motd'
    file EOT /etc/motd <<'TEXT'
hello C.UTF-8 x
TEXT

    step 9 'Dockerfile:22   ADD --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869...'
    add_url --checksum=sha256:24454f830cdb571e2c4ad15481119c43b3cafd48dd869a9b2945d1036d1dc68d https://x.org/a.tgz /opt/
    user www-data                                                           # Dockerfile:23
    # Dockerfile:24  EXPOSE 80
    # Dockerfile:25  ENTRYPOINT ["app"]
    # Dockerfile:26  CMD ["--serve"]
}

# What `sh setup.sh start` starts: ENTRYPOINT and CMD.
image() {
    entrypoint app
    cmd --serve
}

# Go's wildcards are not the shell's: each one above as a regular expression.
pattern() {
    case "$1 $2" in
        'glob go.*') printf '%s\n' "^go[.][^/]*\$" ;;
        *) return 1 ;;
    esac
}

id=138b97b369b6
total=9
stages='build
1 build'
target_image=debian:12
other_images=golang:1.22

