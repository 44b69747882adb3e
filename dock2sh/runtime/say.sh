# What the script says. All of it goes to standard error: standard output is what the RUNs print.

# say TEXT...: a note. That it cannot be written (a log on a full disk) is no failure.
say() {
    printf '%s\n' "$*" >&2 || :
}

# warn TEXT...: something that the reader should know, though the work goes on.
warn() {
    printf '%swarning:%s %s\n' "${colour_warn-}" "${colour_off-}" "$*" >&2
}

# fail TEXT...: the step has failed. What it was and how to go on is said once, by end_script (main.sh), also if this is a
# subshell whose parent does `|| exit`.
fail() {
    printf '%serror:%s %s\n' "${colour_error-}" "${colour_off-}" "$*" >&2
    exit 1
}

# missing TEXT...: something is not here (a tool, a right, a base image); the text names it and the cure.
missing() {
    printf '%smissing:%s %s\n' "${colour_error-}" "${colour_off-}" "$*" >&2
    exit 3
}

# misused TEXT...: the command line is wrong.
misused() {
    printf '%s\n%s\n' "$*" 'Try --help.' >&2
    exit 2
}

# Colours for a person only: a terminal, and no NO_COLOR (no-color.org: any non-empty value).
colours() {
    colour_step='' colour_warn='' colour_error='' colour_off=''
    [ -t 2 ] && [ -z "${NO_COLOR-}" ] && [ "${TERM-dumb}" != dumb ] || return 0
    colour_step=$(printf '\033[1;36m') colour_warn=$(printf '\033[33m')
    colour_error=$(printf '\033[31m') colour_off=$(printf '\033[0m')
    : "$colour_step$colour_warn$colour_error"
}

# digest TEXT: a file name for it.
digest() {
    printf '%s' "$1" | sha256sum | cut -c 1-16
}

# quote WORD...: the words as one would type them into a shell, a blank between them.
quote() {
    quote_all "$@"
    printf '%s' "$quoted_all"
}

# quote_all WORD...: sets `quoted_all` to them, without a process.
quote_all() {
    quoted_all=
    for quote_next in "$@"; do
        quote_word "$quote_next"
        quoted_all="$quoted_all${quoted_all:+ }$quoted"
    done
}

# quote_word WORD: sets `quoted`, without a process. A ' becomes '\''; what needs no quotes gets none.
quote_word() {
    case $1 in
    '' | *[!abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-]*) ;;
    *) quoted=$1 && return ;;
    esac
    quote_rest=$1 quoted=
    while :; do
        case $quote_rest in *\'*) ;; *) break ;; esac
        quoted="$quoted${quote_rest%%\'*}'\\''" quote_rest=${quote_rest#*\'}
    done
    quoted="'$quoted$quote_rest'"
}
