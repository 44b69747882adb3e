# --chmod of COPY and ADD.

# change_modes DIR LIST MODE: MODE for the entries of DIR that LIST (NUL after each) names; none of them is a symbolic link.
change_modes() {
    [ -n "$3" ] && [ -s "$2" ] || return 0
    # zeros before it are no digits of its own: --chmod=00644
    case ${3#"${3%%[!0]*}"} in
    *[!0-9]*) change_modes_by_text "$@" ;;
    *[89]* | ?????*) fail "invalid chmod parameter: '$3'. it should be octal string and between 0 and 07777" ;;
    *) for_each "$1" "$2" chmod "0000$3" || fail "chmod $3" ;;
    esac
}

# Letters as BSD's setmode(3) reads them, which is what docker uses: chmod(1) differs in X, in s and in u=g. One awk finds
# the new mode of each entry and writes a list for each mode (five digits and more make chmod clear a directory's s bits as well).
change_modes_by_text() {
    rm -rf "$state/modes" && mkdir "$state/modes"
    for_each "$1" "$2" stat -c '%a %F' >"$state/modes.now"
    tr '\n\0' '\001\n' <"$2" | modes="$state/modes.now" text=$3 into="$state/modes" LC_ALL=C awk "$(program_setmode)" ||
        fail "invalid chmod parameter: '$3': invalid syntax"
    for mode_list in "$state/modes"/*; do
        tr '\001\n' '\n\0' <"$mode_list" | (cd "$1" && xargs -0 chmod "0000${mode_list##*/}") || fail "chmod $3"
    done
}

# created_mode MODE: the mode of directories that a copy creates on its way: an octal --chmod holds for them too, less the
# umask of the daemon and without s and t (--chmod=1777 makes them 0755).
created_mode() {
    case $1 in
    '' | *[!0-7]*) echo 0755 ;;
    *) printf '0%o\n' $((0$1 & 0755)) ;;
    esac
}
