# A COPY or ADD of a here-document.

# file [--chown= --chmod= --link]... NAME DEST <<'NAME': standard input, byte for byte, is the content of DEST, or of DEST/NAME.
file() {
    wanted || return 0
    placement_none
    while placement_option "$1"; do shift; done
    [ "$1" != -- ] || shift
    ! dry || { say "write $(quote "$2")"; return 0; }
    { cat >"$state/here" && chmod 0644 "$state/here"; } || fail "$1 cannot be written"
    source_kind=context
    placement_begin
    put_file "$state/here" "$1" "$2"
    placement_end
}
