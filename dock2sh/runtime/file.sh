# A COPY or ADD of a here-document.

# file [--chown= --chmod=]... NAME DEST <<'NAME': standard input, byte for byte, is the content of DEST, or of DEST/NAME.
file() {
    wanted || return 0
    chown_spec='' chmod_spec=''
    while placement_option "$1"; do shift; done
    [ "$1" != -- ] || shift
    ! dry || { say "write $(quote "$2")"; return 0; }
    cat >"$state/here" && chmod 0644 "$state/here" || fail "$1 cannot be written"
    source_kind=context
    copy_owner
    put_file "$state/here" "$1" "$2"
}
