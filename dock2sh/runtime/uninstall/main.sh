# Takes back what setup.sh did, from its record in $service_place.

main() {
    export LC_ALL=C
    caller_off
    descriptors_open
    set -u
    umask 022
    PATH=${PATH:-/usr/bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    colours
    undo_yes=${D2S_YES-} undo_purge='' undo_dry=''
    while [ $# -gt 0 ]; do
        case $1 in
        --yes | -y) undo_yes=1 ;;
        --purge) undo_purge=1 ;;
        --dry-run) undo_dry=1 ;;
        --help | -h) help_text && exit ;;
        *) misused "What is $(quote "$1")?" ;;
        esac
        shift
    done
    [ "$(id -u)" -eq 0 ] || missing 'the right to do this: it needs root'
    [ -d "$service_place" ] || { say "$service_name is not set up here ($service_place is not there)" && exit; }
    undo_all
}

help_text() {
    cat <<HELP
Takes back what setup.sh did for $service_name on this machine, from its record in $service_place: the service, each file that was added, and each that
was overwritten or deleted. Files that were changed since stay as they are, and are named.

  --yes       do not ask (also: D2S_YES=1)
  --dry-run   list what would be done, as \`setup.sh --preview\` does: A added again, M changed back, D deleted
  --purge     the data of the service's volumes, too
HELP
}

undo_all() {
    undo_ask
    lock=''
    [ -n "$undo_dry" ] || undo_alone
    undo_state=$service_place/undo
    rm -rf "$undo_state"
    mkdir "$undo_state"
    undo_plan
    packages_look
    undo_lines
    if [ -n "$undo_dry" ]; then
        undo_told
        packages_told
        rm -rf "$undo_state"
        return
    fi
    undo_service
    undo_lines # the service may have had its hands in it until now
    packages_purge
    undo_files
    packages_told
    undo_rest
}

# undo_alone: no setup.sh is at work, and what a killed one has left is ended and unmounted: nothing is deleted through a mount.
undo_alone() {
    lock_take /run/dock2sh.lock || missing "the machine for itself: process $(cat /run/dock2sh.lock/pid) is at work on it. Wait for it"
    lock=/run/dock2sh.lock
    trap unlock_root EXIT
    end_left_running "$service_place/work"
    unmount_at "$service_place"
    ! mounted_below "$service_place" || missing "to unmount what lies in $service_place: something is still at work there"
}

undo_ask() {
    [ -z "$undo_yes$undo_dry" ] || return 0
    (: </dev/tty) 2>/dev/null || missing 'a terminal to ask on: give --yes, or set D2S_YES=1'
    printf 'Take %s from this machine? [y/N] ' "$service_name" >/dev/tty
    read -r undo_answer </dev/tty || undo_answer=''
    case $undo_answer in
    y | Y | yes | Yes) ;;
    *) say 'Nothing was done.' && exit 1 ;;
    esac
}

# undo_plan: $undo_state/all: the first line of each path counts, the deepest path first; $undo_state/changed: those that were changed since.
# (A log that was written on since has others' lines, too.)
undo_plan() {
    ! [ -f "$service_place/changes" ] || awk '{ path = substr($0, 3); sub(/\/$/, "", path) } !seen[path]++' "$service_place/changes" | sort -r -k 2 >"$undo_state/all" || undo_no_room
    : >>"$undo_state/all"
    since_changed "$service_place" "$undo_state" || undo_no_room
    while IFS= read -r undo_path; do
        ! undo_is_changed "$undo_path" || printf '%s\n' "$undo_path"
    done <"$undo_state/changed" >"$undo_state/differ" || undo_no_room
    mv "$undo_state/differ" "$undo_state/changed"
}

# undo_lines: $undo_state/lines, what is to be taken back: not what was changed since, nor what belongs to packages that stay, nor what
# lies elsewhere by now.
undo_lines() {
    packages_paths >"$undo_state/stays" || undo_no_room
    sed 's/^..//' "$undo_state/all" >"$undo_state/paths" || undo_no_room
    since_apart '' "$service_place" "$undo_state/paths" >"$undo_state/apart"
    changed=$undo_state/changed stays=$undo_state/stays apart=$undo_state/apart LC_ALL=C awk "$(program_undone)" "$undo_state/all" >"$undo_state/lines" || undo_no_room
    cat "$undo_state/changed" "$undo_state/apart" | grep -v -e '^/var/log/' -e '^/var/lib/dpkg/' >"$undo_state/changed.told"
    undo_list '[MD]' '' | sed 's|/$||' | LC_ALL=C sort >"$undo_state/back" || undo_no_room
    head -c 65536 /dev/zero >"$undo_state/room" || undo_no_room # for what is noted on the way
    rm "$undo_state/room"
}

# undo_no_room: before anything is taken back: a list that is cut off would leave out what the record has, which goes at the end.
undo_no_room() {
    rm -rf "$undo_state"
    missing "room for some lists in $service_place. Nothing was taken back"
}

# undo_is_changed PATH: is it, of those that are not as they were put there? Not what was there before, if a run that was killed has put it
# back.
undo_is_changed() {
    ! grep -qxF "M	$1" "$undo_state/all" || [ -e "$service_place/backup$1" ] || [ -L "$service_place/backup$1" ]
}

# undo_told: as `setup.sh --preview` tells it: what was added is deleted.
undo_told() {
    [ ! -s "$undo_state/free" ] || say "packages came or went here since: dpkg removes $(tr '\n' ' ' <"$undo_state/free")"
    sed 's/^A/-/; s/^D/A/; s/^-/D/' "$undo_state/lines"
    printf 'D\t%s/\n' "$service_place"
    [ -z "$undo_purge" ] || ! [ -d "/var/lib/$service_name-volumes" ] || printf 'D\t%s/\n' "/var/lib/$service_name-volumes"
}

undo_service() {
    tool systemctl >/dev/null || return 0
    ! [ -d /run/systemd/system ] || systemctl -q stop "$service_name.service" "$service_name-health.timer" "$service_name-health.service" 2>/dev/null
    # not by a service's init script, too, which a package of the same name may have brought: that leaves links in /etc/rc?.d
    SYSTEMCTL_SKIP_SYSV=1 systemctl -q disable "$service_name.service" "$service_name-health.timer" 2>/dev/null
}

# undo_forgotten: by systemd: a unit that had failed would be told of until the next boot.
undo_forgotten() {
    rm -rf "/run/$service_name-health"
    [ -d /run/systemd/system ] || return 0
    systemctl daemon-reload
    systemctl -q reset-failed "$service_name.service" "$service_name-health.service" 2>/dev/null
}

# undo_files: what was added goes, the deepest first, then what was there before comes back, directories before what is in them.
undo_files() {
    undo_list '[MD]' '' | sed 's|/$||' | LC_ALL=C sort >"$undo_state/back" || undo_no_room
    undo_list A '[^/]$' | undo_each '' rm -f
    undo_list A '/$' | sed 's|/$||' | undo_each '' sh -c "$(program_vacate)" sh |
        sed 's/^[.]//' | grep -vx /etc/dock2sh >"$undo_state/left"
    undo_each "$service_place/backup" sh -c "$(program_back)" sh / <"$undo_state/back"
    tr '\001\n' '\n\0' <"$undo_state/back" | labels_set ''
}

# undo_list KIND END: paths of $undo_state/lines, as ./path.
undo_list() {
    LC_ALL=C grep "^$1.*$2" "$undo_state/lines" | sed 's|^..|.|'
}

# undo_each DIR COMMAND...: with the names of standard input, in DIR. A newline in a name is \001 there.
undo_each() {
    undo_dir=$1
    shift
    [ -d "$undo_dir/" ] || return 0 # nothing was overwritten
    tr '\001\n' '\n\0' | (cd "$undo_dir/" && xargs -0 -r "$@")
}

# undo_accounts: those that are there still: somebody has changed /etc/passwd since, so that it was not put back. A group goes after its
# users.
undo_accounts() {
    {
        ! [ -f "$service_place/accounts" ] || sed 's/.*/passwd &\ngroup &/' "$service_place/accounts"
        # a package that stays has use for its own
        [ -s "$undo_state/kept" ] || cat "$service_place"/layers/[0-9]*/accounts 2>/dev/null
    } | LC_ALL=C sort -ru >"$undo_state/accounts"
    while read -r undo_kind undo_account; do
        grep -q "^$undo_account:" "/etc/$undo_kind" || continue
        case $undo_kind in passwd) undo_tool=userdel ;; *) undo_tool=groupdel ;; esac
        ! tool "$undo_tool" >/dev/null || "$undo_tool" "$undo_account" 2>/dev/null
    done <"$undo_state/accounts"
}

# undo_left: what was there before these stays, too.
undo_left() {
    warn 'changed by somebody else since, and left as they are:'
    sed 's/^/  /' "$undo_state/changed.told" >&2
    [ -d "$service_place/backup" ] || return 0
    rm -rf "/var/log/dock2sh/$service_name.before"
    mv "$service_place/backup" "/var/log/dock2sh/$service_name.before" && chmod 0700 "/var/log/dock2sh/$service_name.before" &&
        say "what was there before the setup is in /var/log/dock2sh/$service_name.before"
}

# undo_shared: what is for all services goes with the last one: caches of `RUN --mount=type=cache`, too.
undo_shared() {
    rmdir /etc/dock2sh 2>/dev/null
    ! rmdir "${service_place%/*}" 2>/dev/null || rm -rf /var/cache/dock2sh
}

# undo_rest: accounts, the private tree, the record. The log stays.
undo_rest() {
    undo_accounts
    mkdir -p /var/log/dock2sh
    undo_forgotten
    if [ -n "$undo_purge" ]; then
        rm -rf "/var/lib/$service_name-volumes"
    elif [ -d "/var/lib/$service_name-volumes" ]; then
        say "the data of its volumes stays: /var/lib/$service_name-volumes (--purge removes it)"
    fi
    [ ! -s "$undo_state/changed.told" ] || undo_left
    [ ! -s "$undo_state/left" ] || { warn 'not empty, and left:' && sed 's/^/  /' "$undo_state/left" >&2; }
    ! [ -f "$service_place/setup.log" ] || mv "$service_place/setup.log" "/var/log/dock2sh/$service_name.log"
    rm -rf "$service_place"
    undo_shared
    say "$service_name is taken from this machine; the log is /var/log/dock2sh/$service_name.log"
}
