# The script's own directory, the lock on a root, and what is made again on a plain rerun.

# place_state: makes $state: root's alone, a real directory, and either new or known as this script's own. The directories
# that had to be made on the way are noted, and go with it.
place_state() {
    [ -n "$state" ] || state=/var/lib/dock2sh/${id:-script}${target_root:+-$(digest "$target_root")}
    case $state in /*) ;; *) state=$(pwd -P)/$state ;; esac
    state_parents "${state%/*}"
    [ -d "$state" ] || mkdir -m 0700 "$state" || missing "a place for the script's own things: $state (--state DIR names another)"
    if [ -L "$state" ] || [ "$(stat -c %u "$state")" != 0 ]; then
        missing "a directory of its own: $state is a link or not root's (--state DIR names another)"
    elif [ ! -f "$state/dock2sh" ] && [ -n "$(ls -A "$state")" ]; then
        missing "a directory of its own: $state has other things in it (--state DIR names another)"
    fi
    chmod 0700 "$state"
    state=$(cd -P "$state" && pwd -P && echo /)
    state=${state%?/}
    printf '%s' "$state_made" >>"$state/dock2sh"
    lock_take "$state/lock" || missing "the directory $state for itself: process $(cat "$state/lock/pid") is at work with it \
(--state DIR names another)"
    state_placed=1
}

# state_parents DIR: as mkdir -p, and notes in `state_made` what was not there, deepest first.
state_parents() {
    state_made='' state_parent=$1
    while [ -n "$state_parent" ] && [ ! -d "$state_parent" ]; do
        state_made="$state_made$(quote "$state_parent") "
        state_parent=${state_parent%/*}
    done
    mkdir -p "${1:-/}"
}

# state_remove: not a trace of it is left in the root. What says that it is ours goes last: a script may be killed here.
state_remove() {
    state_words=$(cat "$state/dock2sh")
    find "$state" -mindepth 1 -maxdepth 1 ! -name dock2sh -exec rm -rf {} +
    rm -rf "$state"
    eval "remove_empty $state_words"
}

# remove_empty DIR...
remove_empty() {
    for empty_next in "$@"; do
        rmdir "$empty_next" 2>/dev/null || :
    done
}

# lock_root: one script at a time in a root. The lock lies beside the root (in it, for /), so that every script finds it; that
# of a dead process is taken over (also that of our own number: a restarted container counts from 1 again).
lock_root() {
    lock_wanted=${target_root:-/}.dock2sh
    lock_take "$lock_wanted" || missing "the root ${target_root:-/} for itself: process $(cat "$lock_wanted/pid") is at work \
there. Wait for it, or, if that is none of these scripts: rm -r $lock_wanted"
    lock=$lock_wanted
}

# lock_take DIR: fails when a living process has it. Where nothing can be written nobody has it, and no waiting helps.
lock_take() {
    if ! mkdir "$1" 2>/dev/null; then
        [ -s "$1/pid" ] || sleep 1
        lock_owner=$(cat "$1/pid" 2>/dev/null)
        if [ -n "$lock_owner" ] && [ "$lock_owner" != $$ ] && kill -0 "$lock_owner" 2>/dev/null; then
            return 1
        fi
        lock_claim "$1" || return 1
    fi
    echo $$ >"$1/pid" || { rm -rf "$1"; lock_has_no_room "$1"; }
    [ ! -d "$1/claim" ] || rmdir "$1/claim" 2>/dev/null || :
}

# lock_claim DIR: of several who find that of a dead process one may take it over, in its place: to remove it and to make it anew
# would be two things, between which another one comes.
lock_claim() {
    if [ ! -d "$1" ]; then
        mkdir "$1" 2>/dev/null && return
        [ -d "$1" ] || lock_has_no_room "$1"
    fi
    mkdir "$1/claim" 2>/dev/null || return 1
    [ "$(cat "$1/pid" 2>/dev/null)" != "$lock_owner" ] || return 0
    rmdir "$1/claim" 2>/dev/null
    return 1
}

lock_has_no_room() {
    missing "a place for $1: the disk is full, or read-only"
}

unlock_root() {
    [ -z "${lock-}" ] || rm -rf "$lock"
    lock=''
}

# begin_afresh: a plain run makes stage roots again, and a DIR that this script had filled itself. Only its own mark, with
# the directory's identity in it, says so; nothing else is ever emptied.
begin_afresh() {
    [ "$from_step" -eq 1 ] && [ -z "$only_step" ] || return 0
    rm -rf "$state/stages" "$state/images"
    if [ -n "$target_root" ] && [ "$(cat "$state/filled" 2>/dev/null)" = "$(stat -c '%d:%i %n' "$target_root")" ]; then
        ! mounted_below "$target_root" || missing "an empty $target_root: something is mounted in it, unmount that first"
        find "$target_root" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
    fi
    rm -f "$state/filled"
    [ -z "$target_root" ] || [ -n "$(ls -A "$target_root")" ] || stat -c '%d:%i %n' "$target_root" >"$state/filled"
}

# mounted_below DIR: is something mounted in it? It would be emptied, too. (The kernel writes blanks and \ in octal; busybox's awk of
# Debian 13 has a meaning of its own for a \1 of gsub.)
mounted_below() {
    [ -r /proc/self/mounts ] || return 1
    below=$1/ LC_ALL=C awk '
        BEGIN {
            octal["\\"] = "\\134"; octal[" "] = "\\040"; octal["\t"] = "\\011"; octal["\n"] = "\\012"
            for (at = 1; at <= length(ENVIRON["below"]); at++) {
                one = substr(ENVIRON["below"], at, 1)
                below = below (one in octal ? octal[one] : one)
            }
        }
        index($2, below) == 1 { found = 1 }
        END { exit !found }' /proc/self/mounts
}

# undo_steps: takes away what a step had put into the root for a while, also after a crash. $state/undo is a list of commands of
# programs/undo.sh (undo_later); the newest one is the first to be done.
undo_steps() {
    [ -s "$state/undo" ] || return 0
    undo_state=$state "$(tool sh)" -c "$(program_undo)" undo "$state/undo" ||
        warn 'not everything that the step had put into the root could be taken away'
    ! [ -d "$state" ] || : >"$state/undo"
}

# undo_later WORD...: a command that takes back what is done next. Each line puts one word in front of the program's arguments.
undo_later() {
    quote_all "$@"
    quote_word "$quoted_all"
    printf 'set -- %s "$@"\n' "$quoted" >>"$state/undo" || fail "$state/undo cannot be written"
}
