#!/bin/sh
# What `docker build` does with Dockerfile, as a shell script.
# Made by dock2sh 0.1.0 from Dockerfile (sha256:eb9131556819).
#
# Run it as root beside the build context, on a fresh busybox (a container, a VM, a host):
#
#   docker run -it -v "$PWD:/context:ro" -w /context busybox sh setup.sh
#
#   sh setup.sh              do every step         --list        show the steps
#   sh setup.sh --from 3     go on at step 3       --dry-run     say what would be done
#   sh setup.sh --root DIR   build into DIR        start ARG...  start it, as `docker run IMAGE ARG...`

build() {
    from busybox one                                                        # Dockerfile:2
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    env "a.b=\$x" c=its d=\~/x                                              # Dockerfile:3

    step 1 "Dockerfile:4    RUN [\"sh\", \"-c\", \"echo \\\"\$HOME\\\"\"]"
    run_exec sh -c "echo \"\$HOME\""

    step 2 'Dockerfile:5    RUN <<EOF'
    run_lines <<'RUN_'
echo a
RUN
RUN_

    step 3 'Dockerfile:9    RUN <<SCRIPT'
    script_run SCRIPT <<'RUN'
#!/bin/sh
echo b
RUN

    step 4 'Dockerfile:13   RUN cat <<A'
    run_text <<'RUN'
cat <<A
x
A
RUN
    keep one

    from_stage one                                                          # Dockerfile:16
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "a.b=\$x" c=its d=\~/x
    # Dockerfile:17  ONBUILD RUN echo later
    shell /bin/ash -eo pipefail -c                                          # Dockerfile:18

    step 5 'Dockerfile:19   RUN --mount=type=secret,id=tok,env=TOK --mount=type=bind,from=one,t...'
    with secret id=tok env=TOK
    with bind target=/m from=one readonly=false
    network none
    run <<'RUN'
x \
 && y
RUN

    step 6 'Dockerfile:21   COPY --from=one --exclude=*.md [ "a b", "/c d/" ]'
    copy --from=one --exclude='*.md' 'a b' '/c d/'

    step 7 'Dockerfile:22   COPY src/*.[ch] /src/'
    copy 'src/*.[ch]' /src/

    step 8 'Dockerfile:23   ADD https://example.org/x.tar.gz https://example.org/r.git#v1:sub a...'
    add_url https://example.org/x.tar.gz /d/
    add_git --ref=v1 --subdir=sub https://example.org/r.git /d/
    add a.tar /d/

    step 9 'Dockerfile:24   WORKDIR rel'
    workdir /rel
    user 4242:7                                                             # Dockerfile:25
    # Dockerfile:26  VOLUME /data
    # Dockerfile:27  HEALTHCHECK CMD true
    # Dockerfile:28  CMD echo $HOME
}

# What `sh setup.sh start` starts: ENTRYPOINT and CMD.
image() {
    cmd /bin/ash -eo pipefail -c "echo \$HOME"
}

# Go's wildcards are not the shell's: each one above as a regular expression.
pattern() {
    case "$1 $2" in
        'exclude *.md') printf '%s\n' "^[^/]*[.]md\$" ;;
        'glob src/*.[ch]') printf '%s\n' "^src/[^/]*[.][ch]\$" ;;
        *) return 1 ;;
    esac
}

id=10a7e9643a4f
total=9
stages='one
1 one'

