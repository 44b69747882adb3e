# What starts it: run-NAME, its environment, the service. `files` has a line for each: path, mode, when it is wanted (run, unit, tree:
# a unit's part for a private tree, profile). file_text PATH prints one.

# files_wanted: prints the paths.
files_wanted() {
    printf '%s\n' "$service_files" | unit=$host_unit way=$way profile=$host_profile awk '
        $3 == "run" || ($3 == "unit" && ENVIRON["unit"]) || ($3 == "profile" && ENVIRON["profile"]) ||
            ($3 == "tree" && ENVIRON["unit"] && ENVIRON["way"] == "root") { print $1 }'
}

file_mode() {
    printf '%s\n' "$service_files" | path=$1 awk '$1 == ENVIRON["path"] { print $2 }'
}

# file_content PATH: its text; what only the finished tree tells is filled in.
file_content() {
    case $1 in
    */tree.conf) tree_text "$1" ;;
    *) file_text "$1" ;;
    esac
}

# file_is PATH: is it as it should be? The environment is there for people to change: then it counts that this script has told once
# what it would be.
file_is() {
    [ -f "$1" ] || return 1
    file_mode_is "$1" || [ "$(file_place "$1")" != "$1" ] || return 1
    case $1 in
    */env.sh) [ "$(file_content "$1" | sum_of)" = "$(file_sum_known "$1")" ] ;;
    *) [ "$(file_content "$1")" = "$(cat "$1")" ] ;;
    esac
}

file_mode_is() {
    [ "$(stat -c %a "$1")" = "$(file_mode "$1" | sed 's/^0*//')" ]
}

# file_place PATH: where it is to be put. An environment that was changed here stays; what it would be now stands beside it.
file_place() {
    case $1 in */env.sh) [ ! -f "$1" ] || file_is_untouched "$1" || { echo "$1.new" && return; } ;; esac
    echo "$1"
}

# file_is_untouched PATH: as this script left it?
file_is_untouched() {
    [ "$(sum_of <"$1")" = "$(file_sum_known "$1")" ]
}

sum_of() {
    sha256sum | cut -d ' ' -f 1
}

# file_sum_known PATH: the digest of what this script has put there last; nothing if it has not.
file_sum_known() {
    ! [ -f "$service_place/sums" ] || path=$1 LC_ALL=C awk '
        substr($0, 66) == ENVIRON["path"] { last = $1 } END { if (last != "") print last }' "$service_place/sums"
}

# host_is_installed: all that is wanted is as it should be, and nothing is there that an earlier version of this script wanted.
host_is_installed() {
    [ -f "$service_place/way" ] && [ -z "$(files_past)" ] || return 1
    service_account
    for file_next in $(files_wanted); do
        file_is "$file_next" || return 1
    done
    environment_is_owned
}

# host_install: those files, and the service.
host_install() {
    install_unit=''
    way_note
    tree_arrives
    service_account
    [ -z "$service_unit" ] || [ -z "$host_unit" ] || service_account_made
    files_retire
    for file_next in $(files_wanted); do
        file_is "$file_next" || file_put "$file_next"
    done
    environment_owned
    volumes_fill
    log_ready
    [ "$way" = merge ] || [ -z "$service_tree_start" ] || tree_has_env ||
        warn "the tree has no /usr/bin/env: variables of the image whose names are none to systemd (a.b) are not the service's"
    run_directories_keep
    [ "$way" = merge ] || [ "$host_changed" -eq 0 ] || labels_tree "$target_root"
    tree_run_keep
    tree_settled
    [ -z "$service_unit" ] || [ -z "$host_unit" ] || service_start
    rm -rf "$service_place/rootfs.gone"
}

# way_note: in one move: half of it would be another way.
way_note() {
    printf '%s\n' "$way" >"$service_place/way.new" || fail "$service_place/way cannot be written"
    mv "$service_place/way.new" "$service_place/way"
}

# file_put PATH: in one move; what was there is kept first. (There may be a password in it.)
file_put() {
    file_to=$(file_place "$1")
    file_keep "$file_to"
    made_directories "${1%/*}"
    (umask 077 && file_content "$1" >"$file_to.dock2sh") || fail "$file_to cannot be written"
    chmod "$(file_mode "$1")" "$file_to.dock2sh"
    case $1 in */env.sh) chown "0:${service_owner#*:}" "$file_to.dock2sh" ;; esac
    mv -f "$file_to.dock2sh" "$file_to"
    printf './%s\0' "${file_to#/}" >"$state/list.put"
    labels_set '' <"$state/list.put"
    record_sums '' "$state/list.put"
    [ "$file_to" = "$1" ] || file_told "$1" "$file_to"
    host_changed=$((host_changed + 1))
    case $1 in /etc/systemd/*) install_unit=1 ;; esac
}

# environment_owned: root's, who reads it, too (run-NAME), so that who has become the service's user does not become root by it; and the
# service's group reads it. Also one that somebody has changed, or that is for the user of an earlier version.
environment_owned() {
    environment_is_owned || {
        chown "0:${service_owner#*:}" "$environment_here"
        host_changed=$((host_changed + 1))
        environment_owned
    }
}

environment_is_owned() {
    for environment_here in "/etc/dock2sh/$service_name/env.sh" "/etc/dock2sh/$service_name/env.sh.new"; do
        [ ! -f "$environment_here" ] || [ "$(stat -c %u:%g "$environment_here")" = "0:${service_owner#*:}" ] || return 1
    done
}

# file_told PATH NEW: what it would be has been told; it is not told again until it is something else.
file_told() {
    printf '%s %s\n' "$(sum_of <"$2")" "$1" >>"$service_place/sums"
    warn "$1 was changed here and stays; what it would be now is $2"
}

# file_keep PATH: before it is written the first time.
file_keep() {
    if [ -e "$1" ] || [ -L "$1" ]; then
        printf 'M\t%s\n' "$1" >"$state/record"
        [ -e "$service_place/backup$1" ] || file_copy "$1" "$service_place/backup$1"
    else
        printf 'A\t%s\n' "$1" >"$state/record"
    fi
    record "$state/record"
}

# file_copy FROM TO: whole, or not at all: half a backup would be put back one day.
file_copy() {
    mkdir -p "${2%/*}"
    cp -pP "$1" "$2.dock2sh" || { rm -f "$2.dock2sh" && fail "$1 cannot be copied to $2"; }
    mv -f "$2.dock2sh" "$2"
}

# made_directories DIR: as mkdir -p, and on the record.
made_directories() {
    made_rest=${1#/}/ made_way=''
    while [ -n "$made_rest" ]; do
        made_way=$made_way/${made_rest%%/*} made_rest=${made_rest#*/}
        [ ! -d "$made_way" ] || continue
        mkdir -m 0755 "$made_way"
        printf 'A\t%s/\n' "$made_way" >"$state/record"
        record "$state/record"
    done
}

# service_account: sets service_owner, uid:gid of the service, and service_groups, as the finished root has them.
service_account() {
    root=$target_root
    [ "$way" = root ] || { [ -n "$preview" ] && mounted_at "$root"; } || root=''
    user=$service_user
    account_names "${user:-0}" start
    service_owner=$account_uid:$account_gid service_groups=$account_groups
}

# service_account_here FILE NUMBER
service_account_here() {
    cut -d : -f 3 "/etc/$1" | grep -qx -e "$2"
}

# service_account_made: docker takes a number that no account has. systemd refuses it, and looks on the machine, not in the tree.
service_account_made() {
    made_lines=''
    for made_next in $(printf '%s\n' "$service_groups" | tr , ' '); do
        service_account_here group "$made_next" || made_line "d2s-$made_next" "g d2s-$made_next $made_next"
    done
    service_account_here passwd "$account_uid" ||
        made_line "d2s-$account_uid" "u d2s-$account_uid $service_owner \"$service_name\""
    [ -n "$made_lines" ] || return 0
    made_file=/etc/sysusers.d/$service_name.conf
    tool systemd-sysusers >/dev/null || { warn "the service needs accounts that are not here, and there is no systemd-sysusers: $service_owner" && return; }
    for made_next in "$made_file" /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow-; do
        made_directories "${made_next%/*}"
        file_keep "$made_next"
    done
    printf '%s\n' "$made_lines" >"$made_file"
    systemd-sysusers "$made_file" || fail "the account for $service_owner cannot be made"
    printf './%s\0' "${made_file#/}" etc/passwd etc/group etc/shadow etc/gshadow >"$state/list.put"
    record_sums '' "$state/list.put"
}

# made_line ACCOUNT LINE: of sysusers.d; and for uninstall.sh, where somebody else will have changed /etc/passwd by then.
made_line() {
    made_lines=${made_lines:+$made_lines
}$2
    printf '%s\n' "$1" >>"$service_place/accounts"
}

# tree_text PATH: the unit's part for a private tree: HOME and the numbers of the account, and what the tree has in /run (systemd covers
# it). systemd adds the groups of the machine's own account of that number, whose HOME it would set, too.
tree_text() {
    file_text "$1"
    printf 'Environment="HOME=%s"\n' "$(printf '%s\n' "$account_home" | sed 's/[\\"]/\\&/g; s/%/%%/g')"
    printf 'User=%s\nGroup=%s\n' "${service_owner%:*}" "${service_owner#*:}"
    case $service_groups in *,*) printf 'SupplementaryGroups=%s\n' "$(printf '%s\n' "$service_groups" | tr , ' ')" ;; esac
    tree_output
    [ -z "$service_tree_start" ] || ! tree_has_env || printf '%s\n' "$service_tree_start"
    tree_run | sed "s|.*|BindPaths=${preview_origin-$service_place}/tree-run/&:/run/&|"
}

# tree_has_env: the program that gives the service what systemd cannot: variables whose names are none to it.
tree_has_env() {
    [ -e "$service_place/rootfs/usr/bin/env" ] || [ -L "$service_place/rootfs/usr/bin/env" ]
}

# tree_run: prints the directories that the tree has in /run: systemd covers that with a tmpfs, and has places of its own in it.
tree_run() {
    for tree_next in "$service_place/rootfs/run"/*/; do
        tree_next=${tree_next%/}
        case ${tree_next##*/} in '*' | systemd | host | *[!A-Za-z0-9._-]*) continue ;; esac
        [ -L "$tree_next" ] || printf '%s\n' "${tree_next##*/}"
    done
}

# tree_run_keep: these directories once more, beside the tree: in the tree they are covered already when systemd looks for what to bind.
tree_run_keep() {
    [ "$way" = root ] && { [ "$host_changed" -gt 0 ] || [ ! -d "$service_place/tree-run" ]; } || return 0
    rm -rf "$service_place/tree-run" "$service_place/tree-run.new"
    mkdir "$service_place/tree-run.new"
    for tree_next in $(tree_run); do
        cp -a "$service_place/rootfs/run/$tree_next" "$service_place/tree-run.new/"
    done
    mv "$service_place/tree-run.new" "$service_place/tree-run"
}

# tree_output: a log of the tree that is a link to /dev/stdout cannot be opened where that is the journal's socket, and there may be no
# shell for a pipe (runtime/wrapper/output.sh): then what the service says goes to a file.
tree_output() {
    [ -n "$(find "$service_place/rootfs/var/log" -type l \( -lname '/dev/std*' -o -lname '/proc/self/fd/*' \) 2>/dev/null | head -n 1)" ] || return 0
    printf 'StandardOutput=append:%s\nStandardError=inherit\n' "$(service_log)"
}

# log_ready: the file is the service's own: it opens it by the name /dev/stdout.
log_ready() {
    [ "$way" = root ] && [ -n "$service_unit" ] && [ -n "$host_unit" ] && [ -n "$(tree_output)" ] && [ ! -e "$(service_log)" ] || return 0
    made_directories /var/log/dock2sh
    : >"$(service_log)"
    chmod 0640 "$(service_log)" && chown "$service_owner" "$(service_log)"
    say "what $service_name says goes to $(service_log), not to the journal: its logs are links to /dev/stdout"
}

service_log() {
    echo "/var/log/dock2sh/$service_name.output"
}

# run_directories_keep: what the steps made in /run is gone after a reboot: systemd-tmpfiles makes it again.
run_directories_keep() {
    [ -d /etc/tmpfiles.d ] || return 0
    run_file=/etc/tmpfiles.d/$service_name.conf
    run_directories_last >"$state/run"
    [ -s "$state/run" ] || { run_directories_retire && return; }
    { echo "# Made by dock2sh: what the image of $service_name has in /run." && cat "$state/run"; } >"$state/tmpfiles"
    ! cmp -s "$state/tmpfiles" "$run_file" || return 0
    file_keep "$run_file"
    cp "$state/tmpfiles" "$run_file"
    printf './%s\0' "${run_file#/}" >"$state/list.put"
    record_sums '' "$state/list.put"
    ! tool systemd-tmpfiles >/dev/null || systemd-tmpfiles --create "$run_file" || :
}

# run_directories_last: prints them, each as the last step has left it: of two lines for a path systemd-tmpfiles takes the first.
run_directories_last() {
    (cd "$service_place/layers" 2>/dev/null && ls) | sort -n | while read -r run_layer; do
        cat "$service_place/layers/$run_layer/run" 2>/dev/null
    done | awk '
        { path = $0; sub(/ [0-7]+ [0-9]+ [0-9]+ -$/, "", path); line[path] = $0 }
        END { for (path in line) print line[path] }' | LC_ALL=C sort
}

# run_directories_retire: an earlier version's steps had some.
run_directories_retire() {
    [ ! -f "$run_file" ] || [ -z "$(file_sum_known "$run_file")" ] || ! file_is_untouched "$run_file" || file_retire "$run_file"
}

# run_directories: notes those of a step, from its overlay's upper directory.
run_directories() {
    [ -d "$overlay_room/0/upper/run" ] || return 0
    (cd "$overlay_room/0/upper/run" && find . -type d ! -name . ! -path '*[[:cntrl:]]*' -exec stat -c '%04a %u %g %n' {} +) |
        LC_ALL=C awk "$(program_tmpfiles)" >"$state/run"
}
