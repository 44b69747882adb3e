# escape=`
FROM busybox AS one
ENV "a.b"=`$x c='it''s' d="~/x"
RUN ["sh", "-c", "echo \"$HOME\""]
RUN <<EOF
echo a
RUN
EOF
RUN <<SCRIPT
#!/bin/sh
echo b
SCRIPT
RUN cat <<A
x
A
FROM one
ONBUILD RUN echo later
SHELL ["/bin/ash", "-eo", "pipefail", "-c"]
RUN --mount=type=secret,id=tok,env=TOK --mount=type=bind,from=one,target=/m,rw --network=none x `
 && y
COPY --from=one --exclude=*.md [ "a b", "/c d/" ]
COPY src/*.[ch] /src/
ADD https://example.org/x.tar.gz https://example.org/r.git#v1:sub a.tar /d/
WORKDIR rel
USER "4242:7"
VOLUME /data
HEALTHCHECK CMD true
CMD echo $HOME
