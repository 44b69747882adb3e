# A look at the machine before anything is done: all that stands in the way is said at once.

# host_choose_way: sets `way`, as an earlier run chose it, or by the base image.
host_choose_way() {
    [ "$way" != auto ] || ! [ -f "$service_place/way" ] || way=$(cat "$service_place/way")
    case $way in
    merge | root) return ;;
    auto) ;;
    *) missing "a record that can be read: $service_place/way is damaged. Write merge or root there, as it was set up" ;;
    esac
    way=root
    ! image_is_machine "$target_base" || way=merge
}

host_place() {
    state=$service_place/work
    target_root=$state/target
    [ "$way" = merge ] || tree_place
    : "$target_root$id${target_begun-}${image_entrypoint-}${image_cmd-}${target_image-}${other_images-}"
}

# host_look: trouble that nobody but --force goes past, and notes.
host_look() {
    look_trouble=''
    look_way
    look_name
    look_writable
    look_tree
    look_architecture
    look_tools
    look_room
    look_bases
    look_lock
    look_accounts
    [ -z "$due" ] || look_fetchers
    [ -z "$due" ] || look_network
    look_ports
    [ -n "$look_trouble" ] || return 0
    [ -n "$host_force" ] || missing "the above. --force goes on all the same."
}

trouble() {
    look_trouble=1
    printf '%snot here:%s %s\n' "${colour_error-}" "${colour_off-}" "$*" >&2
}

look_way() {
    ! [ -f "$service_place/way" ] || [ "$(cat "$service_place/way")" = "$way" ] ||
        trouble "$service_name was set up here with --way $(cat "$service_place/way"): $service_place/uninstall.sh first"
    [ "$way" = merge ] || return 0
    [ -z "$due" ] || image_is_machine "$target_base" ||
        trouble "$target_base: this machine is $(os_release PRETTY_NAME), and files of another release do not fit (--way root keeps them apart)"
    [ -w /usr ] || trouble "a /usr that can be written (--way root keeps to its tree)"
}

# look_name: a service of this machine's own, which this one would stand in the place of (a bundle's name is its directory's: ssh).
look_name() {
    [ -n "$service_unit" ] && [ -n "$host_unit" ] || return 0
    for look_next in /etc /usr/local/lib /usr/lib /lib; do
        look_file=$look_next/systemd/system/$service_name.service
        ! look_is_others "$look_file" || [ -L "$look_next" ] || trouble "the name $service_name: this machine has a service of that name, \
$look_file, and would start this one instead (a bundle made with another --name goes beside it)"
    done
}

# look_is_others PATH: is it there, and not by a step, or an earlier run, of this script?
look_is_others() {
    [ -e "$1" ] && ! grep -qx "[AM].$1" "$service_place/changes" 2>/dev/null
}

# look_writable: the record, and what starts it, lie in the machine's own files in both ways.
look_writable() {
    for look_next in $(for look_file in "$service_place" $(files_wanted); do look_parent "${look_file%/*}"; done | sort -u); do
        [ -w "$look_next" ] || trouble "a $look_next that can be written: it is for $(look_meant "$look_next")"
    done
}

# look_tree: what is in a private tree is started there.
look_tree() {
    [ "$way" = root ] && [ -n "$service_unit" ] || return 0
    look_next=$(look_parent "$service_place")
    ! look_is_mounted "$look_next" noexec || trouble "a place for $service_place where programs can be started: $look_next is mounted noexec"
    ! look_is_mounted "$look_next" nosuid ||
        warn "$look_next is mounted nosuid: programs of the tree that become another user (su, sudo) will not"
}

# look_is_mounted DIR OPTION: is the file system that it is on? (The kernel writes blanks in octal: of such a name nothing is known.)
look_is_mounted() {
    [ -r /proc/self/mounts ] || return 1
    place=$(cd -P "$1" && pwd)/ option=$2 LC_ALL=C awk '
        { point = $2 == "/" ? "/" : $2 "/" }
        index(ENVIRON["place"], point) == 1 && length(point) >= long { long = length(point); found = index("," $4 ",", "," ENVIRON["option"] ",") }
        END { exit !found }' /proc/self/mounts
}

# look_meant DIR: what is to be put there.
look_meant() {
    case $service_place in "$1"/*) echo "the record, $service_place" && return ;; esac
    for look_file in $(files_wanted); do
        case $look_file in "$1"/*) echo "$look_file" && return ;; esac
    done
}

look_architecture() {
    [ "$(uname -m)" = "$architecture" ] || trouble "a machine of architecture $architecture: this is $(uname -m)"
}

look_tools() {
    for look_next in mount umount unshare setsid tar gzip base64 sha256sum awk find xargs comm cp mv stat; do
        tool "$look_next" >/dev/null || trouble "the tool $look_next"
    done
    [ -z "$vendored_images" ] || script_is_file
    [ -z "$service_unit" ] || [ -z "$host_unit" ] || [ -d /run/systemd/system ] ||
        warn "systemd does not run here: the service is installed, and \`run-$service_name\` starts it in the foreground"
}

# (busybox's df knows no file system in a chroot)
look_room() {
    look_free=$(df -Pk "$(look_parent "$service_place")" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }')
    [ -z "$look_free" ] || [ "$look_free" -ge "$room_needed" ] || trouble "$room_needed MB of room for $service_place: there are $look_free MB"
}

# look_parent PATH: the nearest directory above it that is there.
look_parent() {
    look_up=$1
    while [ ! -d "$look_up" ]; do look_up=${look_up%/*}; done
    printf '%s\n' "${look_up:-/}"
}

# look_bases: can the base images that are needed be had? A tree that is made anew begins with its base image once more.
look_bases() {
    [ -n "$due" ] || tree_is_missing || return 0
    look_contexts
    [ "$way" = root ] && { tree_is_missing || [ -n "$due_stale" ]; } && [ "$target_base" != scratch ] || return 0
    ! look_is_here "$target_base" && ! context_known "$target_base" || return 0
    ! { tool docker || tool podman; } >/dev/null || return 0
    look_more=''
    case $(full_reference "$target_base") in debian:*)
        ! { tool mmdebstrap || tool debootstrap; } >/dev/null || return 0
        look_more=', or install debootstrap, which makes one much like it' ;;
    esac
    trouble "the base image $target_base, for a private tree: name it with --base $(quote "$target_base")=SOURCE (a directory, a tar of its root \
file system, the output of \`docker save\`, or docker-image://NAME)$look_more"
}

# look_contexts: the same for named contexts that are images. When steps are done already those that are left may need none of them.
look_contexts() {
    [ ! -s "$service_place/done" ] || return 0
    for look_next in ${known_contexts-}; do
        look_is_here "$look_next" || trouble "the named context $look_next: give it with --build-context $look_next=SOURCE"
    done
}

# look_is_here IMAGE: was it named (and is it there), is it in this script, or a repository that the script fetches?
look_is_here() {
    ! is_named_context "$1" || return 0
    look_source=$(base_given "$1")
    case $look_source in
    docker-image://*) engine_with "${look_source#*://}" >/dev/null ;;
    ?*) [ -e "${look_source#oci-layout://}" ] || look_is_tagged "${look_source#oci-layout://}" ;;
    *) vendored_place "$1" >/dev/null || context_among "$1" "${git_contexts-}" ;;
    esac
}

# look_is_tagged DIR:TAG
look_is_tagged() {
    [ -d "${1%:*}" ] || [ -d "${1%@*}" ]
}

# look_accounts: those that a step would make, and that are here; what an earlier run of ours has made is taken back, or was done.
# `made_accounts` has lines: the step, passwd or group, the name, the number or -.
look_accounts() {
    [ "$way" = merge ] && [ -n "$made_accounts" ] || return 0
    while read -r look_step look_kind look_name look_number; do
        ! is_due "$look_step" || cat "$service_place"/layers/[0-9]*/accounts 2>/dev/null | grep -q -x "$look_kind $look_name" ||
            look_account
    done <<MADE
$made_accounts
MADE
}

# look_account: says what is there instead. (Its number is the third field in both files.)
look_account() {
    case $look_kind in passwd) look_is=user ;; *) look_is=group ;; esac
    look_here=$(look_field 1 "$look_name" 3)
    if [ -n "$look_here" ]; then
        look_taken "the name $look_name, free for the $look_is that step $look_step makes: number $look_here has it"
    elif [ "$look_number" != - ] && look_here=$(look_field 3 "$look_number" 1) && [ -n "$look_here" ]; then
        look_taken "the number $look_number, free for the $look_is $look_name that step $look_step makes: $look_here has it"
    fi
}

look_taken() {
    trouble "$1. Its command would fail (--way root has accounts of its own)"
}

# look_field N VALUE M: field M of the account whose field N is VALUE.
look_field() {
    by=$1 value=$2 wanted=$3 LC_ALL=C awk -F : '$ENVIRON["by"] == ENVIRON["value"] { print $ENVIRON["wanted"]; exit }' "/etc/$look_kind"
}

# look_fetchers: what ADD and named contexts have is fetched with this machine's own tools (runtime/git.sh, url.sh).
look_fetchers() {
    look_more='(--force goes on, where a step brings it before it is needed)'
    case " $fetch_with " in *' git '*) tool git >/dev/null || trouble "the tool git, with which a repository is fetched $look_more" ;; esac
    case " $fetch_with " in *' url '*) [ -z "${lock_vendor-}" ] && ! look_can_fetch && trouble "curl, wget or python3, with which ADD fetches $look_more" ;; esac
}

look_can_fetch() {
    tool curl >/dev/null || tool wget >/dev/null || tool python3 >/dev/null || [ -x /usr/lib/apt/apt-helper ]
}

# look_network: can what ADD and RUN fetch from be reached? A proxy may know a way that this does not see, so it is a note.
look_network() {
    for look_next in $fetch_hosts $(look_archives); do
        look_reach "$look_next" || warn "$look_next cannot be reached from here, and a step fetches from it"
    done
}

# look_archives: prints where this machine's own packages come from, where a step fetches some.
look_archives() {
    case " $fetch_with " in *' apt '*) ;; *) return 0 ;; esac
    [ "$way" = merge ] && [ -z "${lock_vendor-}" ] && tool apt-get >/dev/null || return 0
    ! apt-config dump 2>/dev/null | grep -q -i '^Acquire::https\{0,1\}::.*Proxy' || return 0
    # without the caches, which it would write. (There may be a password before the host.)
    apt-get -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= update --print-uris 2>/dev/null |
        sed -n "s|^'\\(https\\{0,1\\}://\\)\\([^/@]*@\\)\\{0,1\\}\\([^/]*\\).*|\\1\\3|p" | LC_ALL=C sort -u
}

# look_reach URL
look_reach() {
    if tool curl >/dev/null; then
        curl -s -o /dev/null -m 10 -I "$1"
        case $? in 5 | 6 | 7 | 28 | 35) return 1 ;; esac
    elif tool getent >/dev/null; then
        look_host=${1#*://}
        getent hosts "${look_host%%[:/]*}" >/dev/null
    fi
}

# look_ports: is somebody else listening where the image does? In /proc/net/tcp state 0A is listening, the port hexadecimal.
look_ports() {
    ! host_is_active || return 0
    for look_next in $service_ports; do
        look_hex=$(printf '%04X' "${look_next%/*}")
        ! cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | port=:$look_hex awk '$4 == "0A" && substr($2, length($2) - 4) == ENVIRON["port"] { found = 1 } END { exit !found }' ||
            warn "somebody listens on port ${look_next%/*} here already"
    done
}

host_is_active() {
    [ -d /run/systemd/system ] && systemctl -q is-active "$service_name.service" 2>/dev/null
}

# host_ask: says what will be done, and asks on the terminal.
host_ask() {
    host_tell
    [ -z "$host_yes" ] || return 0
    [ -n "$due$due_stale" ] || ! host_is_installed || return 0
    # the terminal, not standard input: that may be this script itself
    (: </dev/tty) 2>/dev/null || missing 'a terminal to ask on: give --yes, or set D2S_YES=1'
    printf 'Go on? [y/N] ' >/dev/tty
    read -r host_answer </dev/tty || host_answer=''
    case $host_answer in
    y | Y | yes | Yes) ;;
    *) say 'Nothing was done.' && exit 1 ;;
    esac
}

# only_on_top: --only asks for a step that was done, and cannot be taken back: a tree's, or one whose layer is not the last one.
only_on_top() {
    [ -n "$host_only" ] && [ -z "$rewind" ] && [ -f "$service_place/done" ] &&
        grep -q "^$host_only $(step_digest "$host_only")" "$service_place/done"
}

# tell_dangers: of the steps that are to be done.
tell_dangers() {
    tell_lines=$(printf '%s\n' "${dangers-}" | due=$due awk '$1 != "" && index(ENVIRON["due"], " " $1 " ")')
    [ -n "$tell_lines" ] || return 0
    say 'Be careful with:'
    printf '%s\n' "$tell_lines" | sed 's/^/  step /' >&2
}

host_tell() {
    [ -n "$due" ] || [ -z "$due_stale" ] || say "$service_name: what is no step any more is to be taken back."
    [ -n "$due" ] || return 0
    if [ "$way" = root ] && [ -n "$due_stale" ]; then
        say "$service_name: the tree is made anew, with all $total steps (--list shows them)."
    else
        say "$service_name: $(echo "$due" | wc -w | tr -d ' ') of $total steps are to be done (--list shows them)."
    fi
    if [ "$way" = merge ]; then
        tell_as=is
        image_is_machine "$target_base" || tell_as='is not'
        say "They change this machine's own files ($target_base $tell_as $(os_release PRETTY_NAME)). What they overwrite is kept in $service_place/backup."
    else
        say "They build a private tree, $service_place/rootfs, from $target_base. This machine's own files stay as they are."
    fi
    [ -z "$service_unit" ] || [ -z "$host_unit" ] || say "The service is $service_name.service; $service_place/uninstall.sh takes all of it back."
    ! only_on_top || warn "step $host_only is done once more on top of what it had done. --from $host_only does it, and those after it, as on a new machine"
    [ "$way" != merge ] || tell_dangers
}
