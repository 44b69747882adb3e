#!/bin/sh
# What `docker build` does with Dockerfile, as a shell script.
# Made by dock2sh 0.1.0 from Dockerfile (sha256:34408c7c2b87).
#
# Run it as root beside the build context, on a fresh debian:12 (a container, a VM, a host):
#
#   docker run -it -v "$PWD:/context:ro" -w /context debian:12 sh setup.sh
#
#   sh setup.sh              do every step         --list        show the steps
#   sh setup.sh --from 3     go on at step 3       --dry-run     say what would be done
#   sh setup.sh --root DIR   build into DIR        start ARG...  start it, as `docker run IMAGE ARG...`

build() {
    from debian:12                                                          # Dockerfile:1
    base_env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

    step 1 'Dockerfile:2    RUN useradd --create-home --shell /bin/sh --groups www-data ada'
    run <<'RUN'
useradd --create-home --shell /bin/sh --groups www-data ada
RUN

    step 2 'Dockerfile:5    WORKDIR /srv/root'
    workdir /srv/root
    user ada                                                                # Dockerfile:7

    step 3 'Dockerfile:9    WORKDIR /srv/ada/work'
    workdir /srv/ada/work

    step 4 'Dockerfile:11   COPY hello.sh ./'
    copy hello.sh /srv/ada/work/

    step 5 'Dockerfile:12   COPY --chown=ada:www-data --chmod=u=rwx,go=rx hello.sh ./mine.sh'
    copy --chown=ada:www-data --chmod=u=rwx,go=rx hello.sh /srv/ada/work/mine.sh

    step 6 "Dockerfile:15   RUN id && echo \"\$HOME\" && cd / && touch /srv/ada/work/touched"
    run <<'RUN'
id && echo "$HOME" && cd / && touch /srv/ada/work/touched
RUN

    step 7 'Dockerfile:16   RUN pwd && ls -ln'
    run <<'RUN'
pwd && ls -ln
RUN
    user 1234:5678                                                          # Dockerfile:18

    step 8 "Dockerfile:19   RUN id && echo \"\$HOME\""
    run <<'RUN'
id && echo "$HOME"
RUN
    # Dockerfile:20  ENTRYPOINT ["./mine.sh"]
}

# What `sh setup.sh start` starts: ENTRYPOINT and CMD.
image() {
    entrypoint ./mine.sh
}

# The files of the build context that are read, and the digest that they had when this script was made.
context_needed() {
    cat <<'FILES'
^hello[.]sh(/|$)
FILES
}
context_digest=4a8d76a1f4dac0875f5e3e9042359a18e76d7f4279f6eda62a788228e4c56575

id=018e62d5b4b4
total=8
stages=0

# ---- The words above, and what they need. (0BSD; dock2sh's runtime.)

# account SPEC: sets account_uid, account_gid, account_groups (a list with commas, never empty) and account_home for `u`, `uid`,
# `u:g` or '' (no USER: root); account_known is SPEC then. Rules of BuildKit's executor/oci/user.go and of runc, which looks HOME
# up by number.
account() {
    account_known=''
    if account_is_numbers "$1"; then account_numbers "$1"; else account_names "$1"; fi
    account_known=$1
    : "$account_known"
}

# account_is_numbers SPEC: number:number, where `root` is one? Then nothing but HOME is looked up: `root:root` is 0:0 whatever stands
# in the files, and without them.
account_is_numbers() {
    case $1 in *:*) account_id "${1%%:*}" && account_id "${1#*:}" ;; *) return 1 ;; esac
}

# account_id WORD: sets `account_id` to a number of 32 bits, or fails.
account_id() {
    account_id=0
    [ "$1" != root ] || return 0
    case $1 in [-+]*) return 1 ;; esac
    plain_number "$1" && [ "$plain" -le 4294967295 ] && account_id=$plain
}

account_numbers() {
    account_id "${1%%:*}"
    account_name='' account_number=$account_id
    account_find
    account_uid=$account_number
    account_id "${1#*:}"
    account_gid=$account_id account_groups=$account_id
}

# account_names SPEC [start]: for a container that starts docker does not mind files that are missing.
account_names() {
    account_name=${1%%:*} account_group='' account_number=''
    case $1 in *:*) account_group=${1#*:} ;; esac
    account_name=${account_name:-0}
    account_asked=$account_name
    ! plain_number "$account_name" || account_number=$plain account_name=
    account_find
    [ -z "$1" ] || [ "${2-}" = start ] || account_files
    account_uid=${account_uid:-$account_number}
    [ -n "$account_uid" ] || fail "unable to find user $account_name: no matching entries in passwd file"
    account_in_range "$account_uid"
    [ -z "$account_group" ] || account_only_group "$account_group"
    account_in_range "$account_gid"
}

# account_files: the USER of a RUN needs /etc/passwd, and /etc/group if it is found there or has a group.
account_files() {
    account_readable "$account_passwd" "unable to find user $account_asked"
    [ -z "$account_uid$account_group" ] ||
        account_readable "$account_groups_file" "unable to find groups for spec $account_user"
}

# account_readable FILE TROUBLE: fails in Go's words.
account_readable() {
    [ ! -d "$1" ] || fail "$2: read ${1#"$root"}: is a directory"
    [ -f "$1" ] || fail "$2: invalid argument (there is no ${1#"$root"})"
}

# account_find: one look through the root's files for a name or a number (never a name of digits). An unknown number has group 0.
# Docker always counts the group itself among the supplementary ones (`Groups: 33` in /proc/self/status).
account_find() {
    resolve /etc/passwd && account_passwd=$root$resolved
    resolve /etc/group && account_groups_file=$root$resolved
    account_uid='' account_home=/ account_user=''
    eval "$(name=$account_name number=$account_number LC_ALL=C awk -F: "$(program_entry; program_account)" \
        "$(account_lines "$account_passwd")" group=1 "$(account_lines "$account_groups_file")")"
}

# account_lines FILE: prints its name if it can have lines.
account_lines() {
    if [ -f "$1" ]; then printf '%s\n' "$1"; else echo /dev/null; fi
}

# u:g: that group, and no other.
account_only_group() {
    if plain_number "$1"; then
        account_gid=$plain
    else
        account_gid=$(account_row group 1 "$1" 3) || exit
        [ -n "$account_gid" ] || fail "unable to find group $1: no matching entries in group file"
    fi
    account_groups=$account_gid
}

# account_row FILE FIELD VALUE WANTED: the WANTED field of the first line of /etc/FILE whose FIELD is VALUE.
account_row() {
    resolve "/etc/$1"
    [ ! -d "$root$resolved" ] || fail "read /etc/$1: is a directory"
    [ -f "$root$resolved" ] || return 0
    table=$1 field=$2 value=$3 wanted=$4 LC_ALL=C awk -F: "$(program_entry; program_row)" "$root$resolved"
}

# account_in_range NUMBER: docker runs nothing as another.
account_in_range() {
    case $1 in
    -* | ???????????*) ;;
    *) [ "$1" -gt 2147483647 ] || return 0 ;;
    esac
    fail 'uids and gids must be in range 0-2147483647'
}

# plain_number TEXT: sets `plain` to a number without its plus sign and leading zeros, or fails: docker takes anything else, and what
# does not fit into 64 bits, for a name.
plain_number() {
    plain=${1#[-+]}
    case $plain in *[!0-9]* | '') return 1 ;; esac
    plain=${plain#"${plain%%[!0]*}"}
    plain=${plain:-0}
    case $plain in ???????????????????*) return 1 ;; esac
    case $1 in -*) [ "$plain" = 0 ] || plain=-$plain ;; esac
}

# image_fill IMAGE DIR: fills the empty DIR from the first place that has IMAGE.
image_fill() {
    [ "$1" = scratch ] || image_find_and_fill "$1" "$2"
    root_directory "$2"
}

# root_directory DIR: docker leaves the root directory as it makes it, 0755 and root's, whatever the tar's ./ says. (Five digits:
# with four GNU chmod leaves a setgid bit of a directory where it is.)
root_directory() {
    [ "$(stat -c '%a %u:%g' "$1")" = '755 0:0' ] || { chown 0:0 "$1" && chmod 00755 "$1"; }
}

image_find_and_fill() {
    fill_source=$(base_given "$1")
    if is_named_context "$1"; then
        context_fill "$1" "$2"
    elif [ -n "$fill_source" ]; then
        source_fill "$fill_source" "$2"
    elif image_is_target "$1" && [ -z "${target_begun-}" ] && ! target_is_empty; then
        copy_root "$target_root" "$2"
    elif [ -d "$state/pristine" ] && image_is_target "$1"; then
        copy_root "$state/pristine" "$2"
    elif context_among "$1" "${git_contexts-}"; then
        say "fetching the build context $1"
        git_context "$1" "$2"
    elif context_known "$1"; then
        missing "the named context $1: give it with --build-context $1=SOURCE"
    elif fill_engine=$(engine_with "$1"); then
        engine_fill "$fill_engine" "$1" "$2"
    else
        bootstrap_fill "$1" "$2" || missing "the base image $1. Name it with --base $(quote "$1")=SOURCE, where SOURCE is a \
directory, a tar of its root file system, the output of \`docker save\`, or docker-image://NAME"
    fi
}

# image_root IMAGE: prints a root with the files of an image that no stage begins with (COPY --from=IMAGE).
image_root() {
    image_place=$state/images/$(digest "$1")
    if [ ! -d "$image_place/root" ]; then
        rm -rf "$image_place"
        mkdir -p "$image_place/new"
        image_fill "$1" "$image_place/new"
        root_arrives "$image_place"
    fi
    printf '%s\n' "$image_place/root"
}

# full_reference IMAGE: one spelling for each image: debian is docker.io/library/debian:latest.
full_reference() {
    reference=${1#docker-image://}
    reference=${reference#index.}
    reference=${reference#docker.io/}
    reference=${reference#library/}
    tagged "$reference"
}

# base_given IMAGE: prints the SOURCE of a --base for it.
base_given() {
    (
        base_wanted=$(full_reference "$1")
        eval "set -- $bases"
        for base_pair in "$@"; do
            [ "$(full_reference "${base_pair%%=*}")" != "$base_wanted" ] || printf '%s\n' "${base_pair#*=}"
        done | tail -n 1
    )
}

# The top half names the target's own image in `target_image` where it needs other images, too: `other_images`.
image_is_target() {
    [ -n "${target_image-}" ] && [ "$(full_reference "$target_image")" = "$(full_reference "$1")" ]
}

target_is_empty() {
    [ -n "$target_root" ] && [ -z "$(ls -A "$target_root")" ]
}

# image_is_shared: is the target's image another stage's, too?
image_is_shared() {
    for shared_image in ${other_images-}; do
        ! image_is_target "$shared_image" || return 0
    done
    return 1
}

# Before the target's first step: its files are another stage's base, too.
target_keep_pristine() {
    image_is_shared && [ "$from_step" -eq 1 ] && [ -z "$only_step" ] && ! target_is_empty || return 0
    rm -rf "$state/pristine"
    mkdir "$state/pristine"
    copy_root "$target_root" "$state/pristine"
}

# source_fill SOURCE DIR: the SOURCE of a --base.
source_fill() {
    case $1 in
    oci-layout://*)
        layout_fill "${1#*://}" "$2"
        return ;;
    docker-image://*)
        fill_engine=$(engine_with "${1#*://}") || missing "the image ${1#*://}: neither docker nor podman has it"
        engine_fill "$fill_engine" "${1#*://}" "$2"
        return ;;
    esac
    if [ -f "$1/oci-layout" ] || [ -f "$1/manifest.json" ]; then
        layers_fill "$1" "$2"
    elif [ -d "$1" ]; then
        copy_root "$(cd -P -- "$1" && pwd -P)" "$2"
    elif [ -f "$1" ]; then
        archive_fill "$1" "$2"
    else
        missing "the base $1: no such directory or file"
    fi
}

# layout_fill DIR[:TAG][@DIGEST] ROOT: the image of a layout that has just one.
layout_fill() {
    layout_at=${1%@*} layout_tag=''
    [ -d "$layout_at" ] || layout_tag=${layout_at##*:} layout_at=${layout_at%:*}
    [ -f "$layout_at/index.json" ] || missing "the image layout $1: $layout_at has no index.json"
    grep -q -F -e "$layout_tag\"" "$layout_at/index.json" || missing "the image $layout_tag in the layout $layout_at"
    layers_fill "$layout_at" "$2"
}

# archive_fill TAR DIR: the tar of a root file system, or what `docker save` wrote. (A shell of busybox has a tar of its own, which looks
# at no compression when it lists.)
archive_fill() {
    fill_unpacks=$(decompressor "$1")
    if "$fill_unpacks" <"$1" 2>/dev/null | tar -tf - 2>/dev/null | grep -qxE '(\./)?(manifest\.json|oci-layout)'; then
        rm -rf "$state/archive"
        mkdir "$state/archive"
        unpack "$1" "$state/archive"
        layers_fill "$state/archive" "$2"
        rm -rf "$state/archive"
    else
        unpack "$1" "$2"
    fi
}

# unpack TAR DIR: everything as it is in there. GNU tar finds the compression itself (zstd needs the program of that name).
unpack() {
    if gnu_tar; then
        # a colon in a name is no host's
        "$(tool tar)" --no-unquote --force-local -xpf "$1" -C "$2" --same-owner --numeric-owner \
            --xattrs --xattrs-include='*' --warning=no-timestamp
    else
        unpack_by=$(decompressor "$1")
        "$unpack_by" <"$1" | tar -xpf - -C "$2"
    fi || missing "a way to unpack $1 (is it a tar, is the program for its compression here, and is there room?)"
}

# decompressor FILE: prints the program that makes it a tar, by the first bytes.
decompressor() {
    case $(head -c 4 "$1" | od -An -tx1 | tr -d ' ') in
    1f8b*) echo zcat ;;
    425a68*) echo bzcat ;;
    fd377a58) echo xzcat ;;
    28b52ffd) echo zstdcat ;;
    *) echo cat ;;
    esac
}

gnu_tar() {
    tool tar >/dev/null || return 1
    case $("$(tool tar)" --version 2>/dev/null) in *'GNU tar'*) ;; *) return 1 ;; esac
}

# engine_with IMAGE: prints docker or podman, whichever has the image or can get it.
engine_with() {
    for engine in docker podman; do
        tool "$engine" >/dev/null || continue
        if "$engine" image inspect "$1" >/dev/null 2>&1 || "$engine" pull "$1" >&2; then
            echo "$engine"
            return
        fi
    done
    return 1
}

# engine_fill ENGINE IMAGE DIR: by its layers. `export` of a container would be one tar, but not the image: docker adds
# /.dockerenv and /etc/mtab and covers /etc/hosts, /etc/hostname and /etc/resolv.conf.
engine_fill() {
    say "taking $2 from $1"
    rm -rf "$state/archive"
    mkdir "$state/archive"
    "$1" save "$(tagged "$2")" >"$state/archive.tar" || missing "the image $2: $1 save failed"
    unpack "$state/archive.tar" "$state/archive"
    rm -f "$state/archive.tar"
    layers_fill "$state/archive" "$3"
    rm -rf "$state/archive"
}

# tagged IMAGE: without a tag `docker save` would give every image of that name.
tagged() {
    case ${1##*/} in
    *@* | *:*) printf '%s\n' "$1" ;;
    *) printf '%s\n' "$1:latest" ;;
    esac
}

# bootstrap_fill IMAGE DIR: Debian, made from its packages.
bootstrap_fill() {
    bootstrap_name=$(full_reference "$1")
    case $bootstrap_name in debian:*) ;; *) return 1 ;; esac
    bootstrap_name=${bootstrap_name#debian:}
    case ${bootstrap_name%-slim} in
    10* | buster) set -- buster "$2" ;;
    11* | bullseye) set -- bullseye "$2" ;;
    12* | bookworm) set -- bookworm "$2" ;;
    13* | trixie) set -- trixie "$2" ;;
    sid | testing | stable) set -- "${bootstrap_name%-slim}" "$2" ;;
    *) return 1 ;;
    esac
    for bootstrap in mmdebstrap debootstrap; do
        tool "$bootstrap" >/dev/null || continue
        warn "no engine has debian:$bootstrap_name: $bootstrap makes it from today's packages, much like the image, not the same"
        "$bootstrap" --variant=minbase "$1" "$2" >&2 || missing "the base image debian:$bootstrap_name: $bootstrap failed"
        return
    done
    return 1
}

# caller_off: no variable of the caller's is one of ours that is looked at before it is set (`mode=release`, `lock=1`: that is a directory
# to remove), and none tells cd, tar and the shell itself what to do.
caller_off() {
    set +efC # SHELLOPTS
    unset CDPATH GREP_OPTIONS TAR_OPTIONS
    unset base_names context_filling context_root fetch_after fetch_instead git_given git_given_step host_changed image_cmd \
        image_entrypoint lock lock_vendor log_out mode mount_number null_made overlay_room overlay_target path_followed place_hosts place_resolv \
        place_told preview_origin run_after run_before run_ender run_host run_hosts run_limiter run_limits run_more run_mounts \
        run_network run_placer run_refuses run_script run_security run_shm secret_wrong start_by state state_placed step_below step_now \
        step_root swap_number target_begun target_is_new transfer_acls transfer_by
}

# caller_has NAME: had the caller this variable? Sets `caller_value`. Ours, which may have taken its place, have small letters.
caller_has() {
    case $1 in
    *[!a-z0-9_]*) eval "[ -n \"\${$1+set}\" ] && caller_value=\${$1}" ;;
    *) caller_look "$1" ;;
    esac
}

caller_look() {
    caller_value=$(caller_variables | tr '\0\n' '\n\001' | name=$1= LC_ALL=C awk '
        index($0, ENVIRON["name"]) == 1 { printf "=%s", substr($0, length(ENVIRON["name"]) + 1); exit }' | tr '\001' '\n' && echo .)
    [ "$caller_value" != . ] || return 1
    caller_value=${caller_value#=} caller_value=${caller_value%.}
}

# caller_variables: prints what the caller had set, a NUL after each; what there is now, where there is no /proc. The file must be opened
# by a process that stays: of one that has become another program by then it has nothing (bash's child is cat).
caller_variables() {
    if [ -r /proc/self/environ ]; then
        { cat && :; } </proc/self/environ
    elif [ "$caller_locale" = unset ]; then
        "$(tool env)" -u LC_ALL -0
    else
        LC_ALL=$caller_locale "$(tool env)" -0
    fi
}

# run_chain WORD...: sets `chain`, the words that become the command: each program runs the next, so that the command is the
# first process, in a session of its own, and nothing is needed inside the root.
run_chain() {
    : "${run_network=}${run_security=}"
    chain=''
    [ "$mode" = plain ] || run_unshare
    chain_tool sh -c
    chain="$chain $run_first enter"
    chain_tool setsid
    [ -z "$door" ] || [ "$mode$run_security" != full ] || door_filter
    run_become "$@"
}

# chain_tool NAME WORD...: the path of a tool, and what it is called with.
chain_tool() {
    tool_find "$1"
    shift
    chain_words "$tool_found" "$@"
}

chain_words() {
    quote_all "$@"
    chain="$chain $quoted_all"
}

# run_become WORD...: the end of it: exactly that environment, then directory, groups, rights and user, then the command.
run_become() {
    run_outside
    run_leap_kind
    ${run_limiter-}
    run_chdir=''
    [ "$run_leaps" != nowhere ] || run_chdir=--chdir=$run_wd
    chain_tool env ${run_signals:+"$run_signals"} ${run_chdir:+"$run_chdir"} -i --
    [ "$run_leaps" = late ] || chain="$chain $run_env"
    case $kit in
    linux) run_become_linux "$@" ;;
    *) run_become_busybox "$@" ;;
    esac
}

# util-linux: nsenter leaves the groups to setpriv when -S comes without -G. (Not unshare: docker's filter of system calls refuses
# the call, even for nothing.)
run_become_linux() {
    chain_tool setpriv "--regid=$account_gid"
    # a user namespace of one id has no say over groups (user_namespaces(7))
    case $(cat /proc/self/setgroups 2>/dev/null) in
    deny) chain_words --keep-groups ;;
    *) chain_words "--groups=$account_groups" ;;
    esac
    [ "$mode" = plain ] || [ "$run_security" = insecure ] || chain_words --inh-caps=-all --ambient-caps=-all \
        "--bounding-set=-all,\
+chown,+dac_override,+fsetid,+fowner,+mknod,+net_raw,+setgid,+setuid,\
+setfcap,+setpcap,+net_bind_service,+sys_chroot,+kill,+audit_write"
    run_leap "$@"
}

# run_leap WORD...: into the root, the directory, and down to the user.
run_leap() {
    case $run_leaps in
    nsenter) chain_tool nsenter "--root=$run_at" "--wd=${run_at%/}$run_wd" "--setuid=$account_uid" -- "$@" ;;
    nowhere) chain_words "--reuid=$account_uid" -- "$@" ;;
    unshare) chain_tool unshare "--root=$run_at" "--wd=$run_wd" "--setuid=$account_uid" -- "$@" ;;
    late)
        run_leaper
        chain_words "$run_at" "$run_wd" "$account_uid"
        chain="$chain $run_env"
        chain_words -- "$@"
        ;;
    esac
}

# run_leap_kind: sets `run_leaps`. nsenter of util-linux 2.41 refuses where it is to enter no namespace: in this very root it is not
# needed (env has been asked for the directory), and unshare does the same, where no filter of system calls keeps it from that. A
# program that does it `late` gets the environment as words: what stands there is for the step alone.
run_leap_kind() {
    if [ -z "${run_refuses-}" ]; then
        run_leaps=nsenter
    elif [ "$run_at" = / ]; then
        run_leaps=nowhere
    elif run_may_unshare; then
        run_leaps=unshare
    else
        run_leaps=late
    fi
}

run_may_unshare() {
    "$(tool unshare)" --root=/ -- "$(tool true)" 2>/dev/null
}

# Perl is in every Debian and Ubuntu.
run_leaper() {
    tool perl >/dev/null ||
        missing 'a tool that enters a root: nsenter here (util-linux 2.41) refuses to, unshare may not. Install perl'
    chain_tool perl -e "$(program_leap)"
}

# run_outside: sets `run_at`, the root as the chain's programs see it, which are outside of it.
run_outside() {
    run_at=.
    [ "$mode" = full ] || run_at=${root:-/}
}

# busybox: no capability can be taken away; supplementary groups only by its start-stop-daemon, for an account of this /.
run_become_busybox() {
    chain_tool nsenter "-r$run_at" "-w${run_at%/}$run_wd"
    if run_is_account && tool start-stop-daemon >/dev/null; then
        run_program=$1 && shift
        chain_tool start-stop-daemon -S -q -p "$state/none" -c "$account_uid" -x "$run_program" -- "$@"
    else
        case $account_groups in
        *,*) warn "busybox alone cannot give the step's user the groups $account_groups: install util-linux" ;;
        esac
        for run_number in "$account_uid" "$account_gid"; do
            [ "$run_number" -lt 2147483648 ] ||
                missing "nsenter of util-linux, for the number $run_number: busybox's knows none above 2147483647"
        done
        chain_words -S "$account_uid" -G "$account_gid" -- "$@"
    fi
}

# Is the user one of this /'s own, with his own groups, and does busybox read it so? It takes the first account of a number, and
# skips a line ("bad record") that has not all of its fields, which docker reads as far as it goes.
run_is_account() {
    case $user in *:*) return 1 ;; esac
    [ -z "$root" ] && [ -n "$account_user" ] && [ "$(account_row passwd 3 "$account_uid" 1)" = "$account_user" ] &&
        LC_ALL=C awk -F: '/^(#|$)/ { next } NF != fields || $3 !~ /^[0-9]+$/ || (NF == 7 && $4 !~ /^[0-9]+$/) { exit bad = 1 }
            END { exit bad }' fields=7 "$(account_lines "$account_passwd")" fields=4 "$(account_lines "$account_groups_file")"
}

# run_unshare: --kill-child where it is known: no step outlives the script.
run_unshare() {
    set -- -m -p -i -u -f
    [ "$run_network" != none ] || set -- "$@" -n
    [ "$kit" = busybox ] || set -- "$@" --kill-child
    chain_tool unshare "$@"
}

# context: the build context; on first use the rules are written.
context() {
    source_kind=context source_rules=$state/ignore
    [ -z "${context_root-}" ] || { source_root=$context_root; return; }
    if command -v context_data >/dev/null; then
        context_root=$state/context
        mkdir -p "$context_root"
        context_data | gzip -dc | (cd "$context_root" && tar -xpf -) || fail 'the context inside this script could not be unpacked'
    else
        context_root=$(cd -P -- "${context_dir:-.}" 2>/dev/null && pwd -P && echo /) ||
            missing "the build context ${context_dir:-.}: no such directory (--context DIR says where it is)"
        context_root=${context_root%?/}
    fi
    source_root=$context_root
    context_rules >"$source_rules" || list_lost
    [ -z "${context_digest-}" ] || context_check
}

# Is the context what it was when the script was made? Its files that are read have the digest of their `sha256sum` lines, in
# order (names with a newline or a backslash are left out: tools print them each in its own way). The script itself, which may
# lie in its context, is none of them. A change is no mistake.
context_check() {
    { echo +. && context_needed | sed 's/^/-/' && context_self; } >"$state/needed"
    list_tree / -type f
    filter_list "$state/needed" ''
    context_found=$(list_as_lines | LC_ALL=C grep -v -e '[\\]' -e "$(printf '\001')" | LC_ALL=C sort | tr '\n' '\0' |
        (cd "$source_root" && xargs -0 -r sha256sum) | sha256sum)
    [ "${context_found%% *}" = "${context_digest-}" ] ||
        warn "the files of the build context are not those that were there when this script was made ($context_root)"
}

# is_transferred PATH: does docker bring it into the build? Of a context it takes what instructions name, and a directory only
# with something in it that they do.
is_transferred() {
    [ "$source_kind" = context ] || return 0
    transfer_named >"$state/needed" || return 0
    transferred_itself=
    ! is_kept "$1" || transferred_itself=$1
    : >"$state/list"
    ! [ -d "$source_root/$1" ] || list_tree "/$1"
    { printf '%s\n' "${transferred_itself:-/}" && list_as_lines | path=$1 LC_ALL=C awk '{ print ENVIRON["path"] substr($0, 2) }'; } |
        needed=$state/needed LC_ALL=C awk "$(program_bytes; program_transferred)"
}

# Prints expressions for what is named: of the context by all instructions, but all of it (context_whole) where a RUN has a tmpfs;
# of a named context by this one alone. Fails where that is not known.
transfer_named() {
    if [ "$source_root" = "${context_root-}" ]; then
        [ -z "${context_whole-}" ] && command -v context_needed >/dev/null && context_needed
        return
    fi
    eval "transfer_sources $copy_sources"
}

# transfer_sources SOURCE... DEST
transfer_sources() {
    while [ $# -gt 1 ]; do
        case $1 in
        . | / | ./) echo ^ ;;
        *) if is_wild "$1"; then transfer_wild "$1"; else printf '^%s$\n' "$(ere_of "${1#/}")"; fi | sed 's:/*\$$:(/|$):' ;;
        esac
        shift
    done
}

transfer_wild() {
    transfer_sent=$(pattern sent "$1")
    if [ -n "$transfer_sent" ]; then printf '%s\n' "$transfer_sent"; else pattern glob "$1"; fi
}

# The rule that leaves out this script, where it lies in the context.
context_self() {
    [ -f "$0" ] || return 0
    self_path=$(cd -P -- "$(dirname -- "$0")" && pwd -P)/${0##*/}
    case $self_path in
    "$context_root"/?*) printf '+^%s$\n' "$(ere_of "${self_path#"$context_root"/}")" ;;
    esac
}

# One rule a line, +ERE leaves out and -ERE takes back, the last that matches wins. Last of all: what this script itself
# makes inside of the context (--root ./out and its lock, --state ./state) is no part of it.
context_rules() {
    ! command -v ignored >/dev/null || ignored || return
    for context_own in "$target_root" "$target_root.dock2sh" "$state"; do
        case $context_own in
        "$context_root"/?*) printf '+^%s(/|$)\n' "$(ere_of "${context_own#"$context_root"/}")" || return ;;
        esac
    done
}

# ere_of TEXT: the extended regular expression that matches TEXT itself.
ere_of() {
    printf '%s\n' "$1" | LC_ALL=C sed 's/[][\\.*+?(){}|^$]/[&]/g; s/\[\([\\^]\)\]/\\\1/g'
}

# source_of NAME: the source for `copy --from=NAME`. Without NAME it is the context.
source_of() {
    [ -n "$1" ] || { context; return; }
    source_root=$(root_of "$1" && echo /) || exit
    source_root=${source_root%?/} source_kind=stage source_rules=
    source_root=${source_root%/}
    case $source_root/ in
    "$state"/carried/*) source_kind=context ;;
    "$state"/*) ;;
    *) ! is_named_context "$1" || named_context "$1" ;;
    esac
}

# is_named_context NAME: is it a directory that --build-context gives, or that is in this script?
is_named_context() {
    [ -n "$(context_given "$1")" ] || context_is_carried "$1"
}

# context_given NAME: prints the directory that --build-context gives it, in whatever spelling of NAME.
context_given() {
    [ -n "$contexts" ] || return 0
    context_wanted=$(full_reference "$1")
    eval "set -- $contexts"
    for context_pair in "$@"; do
        [ "$(full_reference "${context_pair%%=*}")" != "$context_wanted" ] || printf '%s\n' "${context_pair#*=}"
    done | tail -n 1
}

# context_known NAME: is it one that this script was made with?
context_known() {
    context_among "$1" "${known_contexts-}"
}

# context_is_carried NAME: are its files in this script?
context_is_carried() {
    context_among "$1" "${carried_contexts-}"
}

# context_among NAME NAMES
context_among() {
    [ -n "$2" ] || return 1
    context_wanted=$(full_reference "$1")
    for context_name in $2; do
        [ "$(full_reference "$context_name")" != "$context_wanted" ] || return 0
    done
    return 1
}

# context_directory NAME: prints the directory of a named context.
context_directory() {
    context_at=$(context_given "$1")
    [ -n "$context_at" ] || { context_unpacked "$1"; return; }
    (cd -P -- "$context_at" 2>/dev/null && pwd -P) || missing "the named context $1: $context_at is no directory"
}

# context_unpacked NAME: the same for one whose files are in this script.
context_unpacked() {
    context_at=$state/carried/$(digest "$1")
    if [ ! -d "$context_at" ]; then
        mkdir -p "$context_at"
        carried_context "$1" | gzip -dc | (cd "$context_at" && tar -xpf -) ||
            fail "the context $1 inside this script could not be unpacked"
    fi
    printf '%s\n' "$context_at"
}

# A named context is transferred as the main one is, without what its own .dockerignore leaves out (ignored_in prints that).
named_context() {
    source_kind=context
    [ -s "$source_root/.dockerignore" ] || return 0
    source_rules=$state/ignore.$(digest "$1")
    [ ! -f "$source_rules" ] || return 0
    ! command -v ignored_in >/dev/null || ignored_in "$1" >"$state/named"
    [ -s "$state/named" ] || missing "the rules of the context $1's .dockerignore: they are in a script that is made with \
dock2sh --build-context $1=DIR"
    read -r named_digest <"$state/named"
    sed 1d "$state/named" >"$source_rules" || list_lost
    rm -f "$state/named"
    [ "$(sha256sum <"$source_root/.dockerignore")" = "$named_digest  -" ] ||
        warn "the .dockerignore of the context $1 is not the one that was there when this script was made, which is applied"
}

# context_fill NAME DIR: a stage that begins with a named context, whose own name that may be (root_of).
context_fill() {
    copy_each=copy_path context_filling=$1
    in_root "$2" copy_all "--from=$1" -- . /
    context_filling=''
}

# source_path PATH: sets `found` to the path of PATH inside of the source with all links followed, or fails as docker does.
source_path() {
    path_followed=
    [ ! -s "$source_rules" ] || { path_followed=$state/links && : >"$path_followed"; }
    resolve_in "$source_root" "/$1" || fail "$1: too many links"
    found=$resolved path_followed=
    [ -e "$source_root$found" ] || fail "\"/${1#.}\": not found"
    { source_is_there "$1" "$found" && source_links_are_there; } || fail "\"/$1\": not found (.dockerignore leaves it out)"
}

# source_itself PATH: fails unless PATH is there without a link on the way: COPY --parents takes a link as it is, and finds
# nothing behind one.
source_itself() {
    clean_path "/$1"
    found=$cleaned
    resolve_in "$source_root" "${found%/*}/" || fail "$1: too many links"
    [ "${resolved%/}" = "${found%/*}" ] || fail "\"$found\": not found (it lies behind a link)"
    [ -e "$source_root$found" ] || [ -L "$source_root$found" ] || fail "\"$found\": not found"
    source_is_there "${found#/}" "$found" || fail "\"$found\": not found (.dockerignore leaves it out)"
}

# source_is_there PATH FOUND: neither the link nor what it means is left out. A directory is there also when something in it is:
# `dir` and `!dir/sub/file`.
source_is_there() {
    [ "$2" != / ] && [ -s "$source_rules" ] || return 0
    [ "/$1" = "$2" ] || is_kept "$1" || return 1
    ! is_kept "${2#/}" || return 0
    [ -d "$source_root$2" ] || return 1
    list_tree "$2"
    [ -s "$state/list" ]
}

# source_links_are_there: no link that source_path has followed is left out, also none between two others.
source_links_are_there() {
    [ -s "$source_rules" ] && [ -s "$state/links" ] || return 0
    cp "$state/links" "$state/list"
    filter_list "$source_rules" ''
    [ "$(wc -c <"$state/links")" -eq "$(wc -c <"$state/list")" ]
}

# is_kept PATH: no rule leaves it out.
is_kept() {
    printf './%s\0' "$1" >"$state/list" || list_lost
    filter_list "$source_rules" ''
    [ -s "$state/list" ]
}

# copy [--from= --chown= --chmod= --link --parents --exclude=]... SOURCE... DEST
copy() {
    wanted || return 0
    copy_each=copy_path
    copy_all "$@"
}

# Options, then each source in order: one overwrites what the one before it put there, as in docker.
copy_all() {
    copy_from='' copy_parents=''
    placement_none
    while copy_option "$1"; do shift; done
    [ "$1" != -- ] || shift
    ! dry || { say "copy $(quote "$@")${copy_from:+ (from $copy_from)}"; return 0; }
    source_of "$copy_from"
    quote_all "$@"
    copy_sources=$quoted_all
    placement_begin
    for copy_dest do :; done
    while [ $# -gt 1 ]; do
        copy_source "$1" "$copy_dest"
        shift
    done
    placement_end
}

copy_option() {
    case $1 in
    --from=*) copy_from=${1#*=} ;;
    --parents) copy_parents=yes ;;
    --unpack=false) copy_each=copy_path ;;
    --unpack=true) ;;
    *) placement_option "$1" ;;
    esac
}

copy_source() {
    if [ -n "$copy_parents" ]; then
        parents "$1" "$2"
    elif is_wild "$1"; then
        copy_matches "$1" "$2"
    else
        "$copy_each" "$1" "$2"
    fi
}

# copy_matches PATTERN DEST: every match is a source of its own, but runs of files go together into a directory.
copy_matches() {
    copy_to=$2 copy_together=
    resolve "$2"
    case $copy_each-$2 in copy_path-*/) copy_together=yes ;; esac
    [ "$copy_each" != copy_path ] || ! [ -d "$root$resolved" ] || copy_together=yes
    wildcard "$1" "$copy_together"
    while IFS= read -r copy_line <&8; do
        copy_name=$(printf '%s/' "${copy_line#* }" | tr '\001' '\n')
        copy_name=${copy_name%/}
        case $copy_line in
        'batch '*) copy_batch "${copy_name%% *}" "${copy_name#* }" "$copy_to" ;;
        *) "$copy_each" "$copy_name" "$copy_to" ;;
        esac
    done 8<"$state/wild"
}

# copy_batch NUMBER DIRECTORY/ DEST
copy_batch() {
    tr '\001\n' '\n\0' <"$state/batch.$1" >"$state/list" || list_lost
    resolve_in "$source_root" "/$2"
    copy_dir=$source_root$resolved
    resolve "$3"
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    transfer "$copy_dir" "$state/list" "$root$resolved" merge "$put_owner" "$chmod_spec"
}

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

# layers_fill DIR ROOT: DIR is what `docker save` or an OCI layout unpacks to. The first layer goes straight in, the others over
# it as COPY's own layers do, so that no symbolic link of one leads the next out of ROOT.
layers_fill() {
    layers_of "$1" >"$state/layers" || missing "a single image in $1"
    layers_first=1
    while IFS= read -r layer_file <&7; do
        [ -f "$1/$layer_file" ] || missing "the layer $layer_file in $1"
        if [ -n "$layers_first" ]; then
            unpack "$1/$layer_file" "$2"
            layers_first=''
        else
            layer_over "$1/$layer_file" "$2"
        fi
    done 7<"$state/layers"
}

# layers_of DIR: prints the names of the layers, lowest first: manifest.json of docker, else index.json of OCI.
layers_of() {
    if [ -f "$1/manifest.json" ]; then
        json_flat "$1/manifest.json" | grep -o '"Layers":\[[^]]*\]' >"$state/json"
        [ "$(wc -l <"$state/json")" -eq 1 ] || return 1
        sed 's/^"Layers":\[//' "$state/json" | grep -o '"[^"]*"' | tr -d '"'
        return
    fi
    layers_index=$(json_digests "$1/index.json")
    json_flat "$1/blobs/$layers_index" 2>/dev/null | grep -q '"layers":' || layers_index=$(json_digests "$1/blobs/$layers_index")
    [ -f "$1/blobs/$layers_index" ] || return 1
    json_flat "$1/blobs/$layers_index" | sed 's/.*"layers":\[//' | grep -o '"digest":"[^"]*"' |
        sed 's/.*:"\(.*\):\(.*\)"/blobs\/\1\/\2/'
}

# Blanks matter only inside of strings, and there are none in digests and file names.
json_flat() {
    tr -d ' \n\t\r' <"$1"
    echo
}

json_digests() {
    json_flat "$1" | grep -o '"digest":"[^"]*"' | sed 's/.*:"\(.*\):\(.*\)"/\1\/\2/'
}

# layer_over TAR ROOT: .wh.NAME takes NAME away, .wh..wh..opq what was in the directory before.
layer_over() {
    rm -rf "$state/layer"
    mkdir "$state/layer"
    unpack "$1" "$state/layer"
    (cd "$state/layer" && find . -name '.wh.*' -print0 >"$state/list")
    ! [ -s "$state/list" ] || (cd "$state/layer" && xargs -0 sh -c "$(program_whiteout)" sh "$2" <"$state/list") ||
        missing "a way to apply $1"
    (cd "$state/layer" && find . ! -name . -print0) >"$state/list"
    source_kind=stage
    in_root "$2" layer_transfer "$state/layer" "$2"
    rm -rf "$state/layer"
}

# layer_transfer FROM TO: what $state/list names.
layer_transfer() {
    transfer "$1" "$state/list" "$2" replace '' ''
}

# copy_root FROM TO: a whole root ('' is /) into an empty directory. Of a running system, what is mounted into it is left out,
# and so is what is this script's, and docker's own marks of a container.
copy_root() {
    root_leave=''
    case $state/ in "$1"/*) root_leave=$(leave_out "${state#"$1"}") ;; esac
    [ -n "$1" ] || root_leave="-xdev $root_leave $(leave_out /.dock2sh) $(leave_out /.dockerenv) $(each_mount leave_out)"
    [ -n "$1" ] || ! in_container || root_leave="$root_leave $(leave_marks)"
    (cd "${1:-/}" && eval "find . $root_leave ! -name . -print0") >"$state/list" || fail "${1:-/} cannot be read"
    source_kind=stage
    in_root "$2" layer_transfer "${1:-/}" "$2"
    mount_points_in=$2
    [ -n "$1" ] || each_mount mount_point
    chmod "$(stat -c %a "${1:-/}")" "$2" && chown "$(stat -c %u:%g "${1:-/}")" "$2"
    : "$source_kind"
}

# leave_marks: what engines make in a container where the image has it not: a link, and podman a directory for its mark.
leave_marks() {
    [ "$(readlink /etc/mtab)" != /proc/mounts ] || leave_out /etc/mtab
    [ ! -e /run/.containerenv ] || [ "$(ls -A /run)" != .containerenv ] || leave_out /run
}

# leave_out PATH: words for find.
leave_out() {
    printf '! \\( -path %s -prune \\) ' "$(quote ".$(printf '%s' "$1" | sed 's/[][*?\\]/\\&/g')")"
}

# each_mount WORD: calls WORD PATH for everything that is mounted on /. (find -xdev stays out of mounted directories, but names them,
# and mounted files: /etc/hosts and the like in a container. And /sys changes while tar reads it.)
each_mount() {
    [ -r /proc/self/mounts ] || return 0
    awk '$2 != "/" { print $2 }' /proc/self/mounts | while IFS= read -r mounted; do
        "$1" "$(printf '%b' "$(printf '%s' "$mounted" | sed 's/\\\([0-7]\)/\\0\1/g')")"
    done
}

# mount_point PATH: the directory that a mount covers, in $mount_points_in. What covers it tells nothing of its mode. What this script was
# given by way of a mount (docker run -v "$PWD:/context") is none of the image's.
mount_point() {
    for mount_point_of in "$state" "${context_root-}" "${0%/*}"; do
        case $mount_point_of/ in "$1"/*) return 0 ;; esac
    done
    [ -d "$1" ] && [ "$(stat -c %d "${1%/*}/")" = "$(stat -c %d /)" ] && [ ! -e "$mount_points_in$1" ] || return 0
    mount_point_mode=0755
    [ "$1" != /tmp ] || mount_point_mode=1777
    mkdir -m "$mount_point_mode" "$mount_points_in$1"
}

# end_left_running STATE: ends the step that it left running: else that works beside ours in the same root.
end_left_running() {
    [ -s "$1/pid" ] && [ -s "$1/born" ] || return 0
    left_process=$(cat "$1/pid")
    # a number alone might be another's by now (programs/enter.sh)
    [ "$(sed 's/.*) //' "/proc/$left_process/stat" 2>/dev/null | cut -d ' ' -f 20)" = "$(cat "$1/born")" ] || return 0
    kill -KILL "$left_process" 2>/dev/null
    kill -KILL "-$left_process" 2>/dev/null
    for left_wait in 1 2 3 4 5 6 7 8 9; do
        kill -0 "$left_process" 2>/dev/null || break
        sleep 0.2 2>/dev/null || sleep 1
    done
    : "$left_wait"
}

# The command line of the script, the order of its work, and how it ends.

main() {
    caller_locale=${LC_ALL-unset}
    : "$caller_locale"
    export LC_ALL=C
    caller_off
    set -u
    umask 022
    colours
    options "$@"
    case $action in
    help) help_text ;;
    list) state_reset && build ;;
    dry) dry_run ;;
    start) start_found ;;
    *) build_root ;;
    esac
}

# options WORD...: what the command line says, in variables; `given` is what the hint of a failure repeats.
options() {
    action=build given='' from_step=1 only_step='' only_stage='' root='' target_root='' context_dir=. state=''
    bases=${context_images-} contexts='' secrets='' agents='' start_arguments='' last_step=${total:-0} door=''
    while [ $# -gt 0 ]; do
        case $1 in
        --help | -h) action=help ;;
        --list) action=list ;;
        --dry-run) action=dry ;;
        start) action=start && shift && start_arguments=$(quote "$@") && break ;;
        --*=*) option "${1%%=*}" "${1#*=}" ;;
        --?*) [ $# -gt 1 ] || option_misses "$1"
            option "$1" "$2" && shift ;;
        *) misused "What is $(quote "$1")? Options come before \`start\`." ;;
        esac
        shift
    done
    options_agree
    : "$contexts$secrets$agents$bases$context_dir$start_arguments$target_root$last_step"
}

# options_agree: together they leave a step to do.
options_agree() {
    [ -n "$only_step" ] || [ "$total" -eq 0 ] || [ "$from_step" -le "$last_step" ] ||
        misused "--from $from_step --to $last_step leaves no step to do."
    [ -z "$only_step" ] || [ "$only_step" -le "$last_step" ] || misused "--only $only_step --to $last_step leaves no step to do."
}

# option_context NAME=SOURCE: a directory, or an image, which is another image under that name.
option_context() {
    case ${1%%=*} in *[ABCDEFGHIJKLMNOPQRSTUVWXYZ]*) misused "--build-context $(quote "$1"): a name has no capital letters." ;; esac
    ! option_takes_place "${1%%=*}" || misused "--build-context $(quote "$1"): a stage has that name, and docker puts the context in \
its place. Make a script that does so:  dock2sh --build-context $(quote "$1")"
    case ${1#*=} in
    docker-image://* | oci-layout://*) bases="$bases $(quote "$1")" ;;
    *) contexts="$contexts $(quote "$1")" ;;
    esac
}

# option_takes_place NAME: is it the name of a stage that is in this script?
option_takes_place() {
    case $1 in scratch | context) return 1 ;; esac # of these names docker makes no contexts for stages
    ! context_known "$1" || return 1
    option_name=$(full_reference "$1")
    stage_line "${option_name%:latest}" >/dev/null
}

# option_misses NAME: it is the last word.
option_misses() {
    case $1 in
    --from | --to | --only | --stage | --root | --context | --base | --build-context | --secret | --ssh | --door | --state)
        misused "$1 needs a value." ;;
    esac
    misused "Unknown option $(quote "$1")."
}

# option NAME VALUE
option() {
    case $1 in
    --from) option_step "$1" "$2" && from_step=$2 && return ;;
    --to) option_step "$1" "$2" && last_step=$2 ;;
    --only) option_step "$1" "$2" && only_step=$2 && return ;;
    --stage) option_stage "$2" && only_stage=$2 ;;
    --root) option_root "$2" ;;
    --context) [ -d "$2" ] || misused "--context $(quote "$2"): no such directory." && context_dir=$2 ;;
    --base) option_pair "$1" "$2" && bases="$bases $(quote "$2")" ;;
    --build-context) option_pair "$1" "$2" && option_context "$2" ;;
    --secret) option_secret "$2" && secrets="$secrets $(quote "$2")" ;;
    --ssh) agents="$agents $(quote "$2")" ;;
    --vendor) option_vendor "$2" ;;
    --door) option_door "$2" ;;
    --state) [ -n "$2" ] || misused '--state needs a directory.' && state=$2 ;;
    *) misused "Unknown option $(quote "$1")." ;;
    esac
    given="$given $1 $(quote "$2")"
}

option_step() {
    case $2 in
    '' | *[!0-9]* | ??????????*) misused "$1 needs the number of a step (--list shows them), not $(quote "$2")." ;;
    esac
    if [ "$2" -lt 1 ] || [ "$2" -gt "$total" ]; then
        misused "$1 $2: there are steps 1 to $total (--list shows them)."
    fi
}

# --door DIR: a program runs this script in a sandbox that it has made. DIR/door.sh says what it wants to be told and what it
# does itself (door_ask, door_run; docs/script.md).
option_door() {
    eval "$(cat "$1/door.sh")"
    door=$1
}

option_stage() {
    stage_line "$1" >/dev/null || misused "There is no stage $(quote "$1"). Stages: $(stage_names)"
}

# Where an empty value would mean the machine's own root, it is most likely a variable that was not set.
option_root() {
    [ -n "$1" ] || misused '--root needs a directory (/ is this machine itself, and the default).'
    [ ! -e "$1" ] || [ -d "$1" ] || misused "--root $(quote "$1") is no directory."
    case $1 in
    /*) target_root=$1 ;;
    *) target_root=$(pwd -P)/$1 ;;
    esac
}

# --vendor DIR: what `dock2sh lock --vendor` has kept of what the steps fetch.
option_vendor() {
    [ -n "${lock_mode-}" ] || misused '--vendor: this script has no lock, so nothing says which files are meant.'
    lock_vendor=$(cd -P -- "$1" 2>/dev/null && pwd -P) || misused "--vendor $(quote "$1"): no such directory."
    : "$lock_vendor"
}

option_pair() {
    case $2 in
    ?*=?*) ;;
    *) misused "$1 needs NAME=VALUE, not $(quote "$2")." ;;
    esac
}

option_secret() {
    secret_rest=$1,
    while [ -n "$secret_rest" ]; do
        case $secret_rest in
        id=,* | src=,* | source=,* | env=,*) secret_rest='' secret_wrong=1 ;;
        id=?* | src=?* | source=?* | env=?* | type=env,* | type=file,*) secret_rest=${secret_rest#*,} ;;
        *) secret_rest='' secret_wrong=1 ;;
        esac
    done
    case ,$1 in *,id=*) ;; *) secret_wrong=1 ;; esac
    [ -z "${secret_wrong-}" ] || misused "--secret needs id=NAME,src=FILE or id=NAME,env=VARIABLE, not $(quote "$1")."
}

# What is started is known when the words have been read.
start_found() {
    [ -z "$target_root" ] || [ -d "$target_root" ] || missing "the directory $target_root: build it first"
    [ "$(id -u)" -ne 0 ] || null_device
    place_target
    state_reset
    build
    ! type image >/dev/null 2>&1 || image
    start_image
}

# build_root: every wanted step, in the root that is meant.
build_root() {
    [ "$(id -u)" -eq 0 ] || missing "the right to do this: it needs root. As root (sudo sh ...) it goes on; --list and --dry-run \
work for everyone."
    trap 'end_script $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    null_device
    descriptors_open
    place_target
    lock_root
    place_state
    end_left_running "$state"
    undo_steps
    begin_afresh
    root_directory "${target_root:-/}"
    step_now=''
    state_reset
    build
    root_directory "${target_root:-/}"
    step_now=''
    [ -n "$door" ] || say "${colour_step-}done${colour_off-}"
}

# place_target: target_root becomes '' for /, or a real path. What leads to it is the machine's and its links are followed.
place_target() {
    [ -n "$target_root" ] || return 0
    mkdir -p "$target_root" || missing "the directory $target_root: it cannot be made"
    target_root=$(cd -P "$target_root" && pwd -P && echo /) || missing "a way into $target_root"
    target_root=${target_root%?/}
    case $target_root in / | //) target_root='' ;; esac # bash and POSIX keep two
}

dry() {
    [ "$action" = dry ]
}

# --dry-run needs no right and leaves nothing behind. Some words put notes into $state.
dry_run() {
    trap '[ -z "$state" ] || rm -rf "$state"' EXIT
    trap 'exit 130' INT
    state=$(mktemp -d) || missing 'a temporary directory'
    step_now=''
    place_target_dry
    state_reset
    build
}

place_target_dry() {
    [ ! -d "$target_root" ] || place_target
}

# end_script STATUS: the one way out of a build. What a step had put in place is taken away, then the end is told.
end_script() {
    trap '' INT TERM HUP
    ${run_ender-}
    [ -z "${state_placed-}" ] || undo_steps
    if [ "$1" -eq 0 ] && [ -n "${state_placed-}" ]; then
        state_remove
    elif [ -n "${step_now-}" ]; then
        report "$1"
    fi
    [ -z "${state_placed-}" ] || rm -rf "$state/lock"
    unlock_root
    [ -z "${null_made-}" ] || rm -f /dev/null
    exit "$1"
}

# null_device: in a bare chroot there may be none, and what is thrown away would become a file of the image.
null_device() {
    [ ! -c /dev/null ] || return 0
    [ -d /dev ] || mkdir -m 0755 /dev
    rm -f /dev/null
    mknod -m 666 /dev/null c 1 3 || missing 'the device /dev/null: mount /dev, or make it with mknod -m 666 /dev/null c 1 3'
    null_made=1
}

# descriptors_open: what the caller has closed would be the next file that is opened, and what a tool says would go there.
descriptors_open() {
    true 3>&2 || exec 2>/dev/null
    { true 3<&0; } 2>/dev/null || exec </dev/null
    { true 3>&1; } 2>/dev/null || exec >/dev/null
}

# report STATUS: which step, which line, and the command that goes on from there.
report() {
    case $1 in
    129 | 130 | 143) say "${colour_error-}stopped${colour_off-} in step $step_now of $total: $step_title" ;;
    *) say "${colour_error-}failed${colour_off-}: step $step_now of $total: $step_title" ;;
    esac
    report_step=$step_now
    if [ -f "$0" ]; then
        say "go on from there:  sh $(quote "$0" --from "$report_step")$given"
    else
        say "go on from there:  save this script as setup.sh, then  sh setup.sh --from $report_step$given"
    fi
}

help_text() {
    cat <<'HELP'
What `docker build` does with the Dockerfile, as a shell script. Run it as root.

  --list               show the steps            --from N         go on at step N
  --dry-run            say what would be done    --only N         do step N alone
  --to N               stop after step N
  --stage NAME         that stage's steps, and those of the stages it needs
  --root DIR           build into DIR (empty or missing: it is filled from the base image); default: this machine itself
  --context DIR        the build context; default: the current directory
  --build-context NAME=DIR               a named context (or docker-image://IMAGE, oci-layout://DIR)
  --base IMAGE=SOURCE                    a base image: a directory, a tar of a root file system, or docker-image://NAME
  --secret id=ID,src=FILE                or id=ID,env=VARIABLE
  --ssh default[=SOCKET]                 an agent for RUN --mount=type=ssh
  --vendor DIR         files that `dock2sh lock --vendor DIR` has kept
  --state DIR          where it keeps its own things while it works; default: a directory of its own in /var/lib/dock2sh
  start [-e K=V] [--entrypoint X] [-w DIR] [-u USER] [--] [ARG...]   start what was built, as `docker run IMAGE ARG...`;
                       an ARG that begins with - stands behind `--`: start -- -x, and start -- -- x passes `--`, too

Exit status: 0; 1 a step failed; 2 bad usage; 3 something is missing, and said; 130 after Ctrl-C.
HELP
}

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

# owner_of SPEC: sets `owner` to uid:gid for the `u`, `u:g` of a --chown, looked up in the root that is being built.
# A number alone is the group too; an empty part is 0, and so is root everywhere; an unknown name is silently 0, and an unknown
# group that of the user. A number of a file is taken to 32 bits, a negative one is 0.
owner_of() {
    owner_user=${1%%:*}
    if [ -z "$owner_user" ] || [ "$owner_user" = root ]; then
        owner=0:0
    elif owner_number "$owner_user"; then
        owner_bits "$plain"
        owner=$owner_id:$owner_id
    else
        owner_files_needed
        owner_file passwd "$owner_user" 3 0
        owner=$owner_id
        owner_file passwd "$owner_user" 4 0
        owner=$owner:$owner_id
    fi
    case $1 in *:*) owner_group "${1#*:}" ;; esac
}

# owner_number TEXT: a number of 32 bits with a sign; docker takes a greater one for a name.
owner_number() {
    plain_number "$1" && [ "$plain" -le 2147483647 ] && [ "$plain" -ge -2147483648 ]
}

# The part after the colon.
owner_group() {
    if [ -z "$1" ] || [ "$1" = root ]; then
        owner=${owner%:*}:0
    elif owner_number "$1"; then
        owner_bits "$plain"
        owner=${owner%:*}:$owner_id
    else
        owner_files_needed
        owner_file group "$1" 3 "${owner#*:}"
        owner=${owner%:*}:$owner_id
    fi
}

# owner_file FILE NAME FIELD ELSE: sets `owner_id` to a number of /etc/FILE.
owner_file() {
    owner_id=$(account_row "$1" 1 "$2" "$3") || exit
    case ${owner_id:=$4} in -*) owner_id=0 ;; esac
    owner_bits "$owner_id"
}

# owner_bits NUMBER: sets `owner_id` to its last 32 bits. All ones means nobody to a chown, and docker's leaves root.
owner_bits() {
    owner_id=$(($1 & 4294967295))
    [ "$owner_id" != 4294967295 ] || owner_id=0
}

# A name cannot be looked up where there is nothing yet: BuildKit's words for FROM scratch and for --link.
owner_files_needed() {
    [ -n "$(ls -A "$root/")" ] || fail 'invalid user index: -1 (there is no /etc/passwd to find a name in)'
}

# COPY --parents: the path of a source is kept below the destination, from the pivot /./ on.

parents() {
    case $1 in
    */./*) parents_base=${1%%/./*} parents_rest=${1#*/./} ;;
    *) parents_base=. parents_rest=${1#./} ;;
    esac
    parents_rest=${parents_rest:-.}
    case $parents_rest in .) fail "\"/${1#.}\": not found (BuildKit finds no whole directory here)" ;; esac
    if is_wild "$parents_base"; then
        parents_matches "$parents_base" "$2"
    else
        is_wild "$1" || source_itself "$parents_base/$parents_rest"
        parents_below "$parents_base"
        is_wild "$1" || parents_found || fail "\"/${1#./}\": not found (--exclude leaves it out)"
        parents_put "$2"
    fi
}

# parents_matches PATTERN DEST: each match of what stands before the pivot is a source of its own; a file is copied as it is.
parents_matches() {
    wildcard "$1" ''
    while IFS= read -r parents_line <&8; do
        parents_base=$(printf '%s/' "${parents_line#* }" | tr '\001' '\n')
        parents_base=${parents_base%/}
        source_path "$parents_base"
        if [ -d "$source_root$found" ]; then
            parents_below "$parents_base"
            parents_put "$2"
        else
            copy_path "$parents_base" "$2"
        fi
    done 8<"$state/wild"
}

# parents_below BASE: $state/list becomes what matches, all below it, and the directories above it.
parents_below() {
    source_path "$1"
    parents_base=${found%/}
    list_tree "$parents_base/"
    parents_ere=$(pattern exclude "$parents_rest") || fail "there is no expression for $parents_rest"
    printf '+.\n-%s\n' "$parents_ere" >"$state/parents"
    filter_list "$state/parents" ''
    filter_list "$state/exclude" ''
}

# parents_put DEST
parents_put() {
    [ -n "$parents_base" ] || links_lead
    resolve "$1"
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    transfer "$source_root$parents_base/" "$state/list" "$root$resolved" parents "$put_owner" "$chmod_spec"
}

# parents_found: is the source in the list, or something below it?
parents_found() {
    [ -s "$state/exclude" ] || return 0
    list_as_lines | path=$(printf %s "./${parents_rest%/}" | tr '\n' '\001') LC_ALL=C awk '
        $0 == ENVIRON["path"] || index($0, ENVIRON["path"] "/") == 1 { found = 1 }
        END { exit !found }'
}

# resolve PATH: sets `resolved` to PATH with its symbolic links followed inside $root; what does not exist stays as it is.
# The result begins with a slash, so "$root$resolved" is always a path of the machine. Fails on a loop of links.
resolve() {
    resolve_in "$root" "$1" || fail "$1: too many links"
}

# resolve_in ROOT PATH: the same inside ROOT ('' or an absolute path). Sets `path_above` if a `..` would have led out of it.
resolve_in() {
    path_root=$1 path_rest=$2/ path_links=0 resolved='' path_above=''
    while [ -n "$path_rest" ]; do
        path_part=${path_rest%%/*} path_rest=${path_rest#*/}
        case $path_part in
        '' | .) ;;
        ..) [ -n "$resolved" ] || path_above=yes
            resolved=${resolved%/*} ;;
        *) resolve_part || return 1 ;;
        esac
    done
    resolved=${resolved:-/}
    : "$path_above"
}

# One step of resolve_in: a link's target goes before the rest of the way; 255 links are docker's limit too. Into the file
# path_followed, if one is wanted, go the links, each where it lies.
resolve_part() {
    if ! [ -L "$path_root$resolved/$path_part" ]; then
        resolved=$resolved/$path_part
        return
    fi
    [ -z "${path_followed-}" ] || printf './%s\0' "${resolved#/}${resolved:+/}$path_part" >>"$path_followed"
    path_links=$((path_links + 1))
    [ "$path_links" -le 255 ] || return 1
    path_target=$(readlink -n "$path_root$resolved/$path_part" && printf /)
    case $path_target in /*) resolved= ;; esac
    path_rest=$path_target$path_rest
}

# clean_path PATH: sets `cleaned` to the absolute PATH without `.`, `..` and double slashes, as text (Go's path.Clean).
clean_path() {
    path_rest=$1/ cleaned=
    while [ -n "$path_rest" ]; do
        path_part=${path_rest%%/*} path_rest=${path_rest#*/}
        case $path_part in
        '' | .) ;;
        ..) cleaned=${cleaned%/*} ;;
        *) cleaned=$cleaned/$path_part ;;
        esac
    done
    cleaned=${cleaned:-/}
}

# make_directories PATH MODE OWNER: each missing directory of the resolved PATH. OWNER may be empty. There is no chmod, so that
# below a setgid directory the kernel hands on its group and bit, as it does to docker's mkdir.
make_directories() {
    path_rest=${1#/}/ path_made=
    while [ -n "$path_rest" ]; do
        path_made=$path_made/${path_rest%%/*} path_rest=${path_rest#*/}
        [ ! -d "$root$path_made" ] || continue
        ! [ -e "$root$path_made" ] || fail "mkdir $path_made: not a directory"
        (umask "$(printf %o $((0777 & ~$2)))" && mkdir "$root$path_made") || fail "mkdir $path_made"
        [ -z "$3" ] || chown "$3" "$root$path_made" || fail "chown $3 $path_made"
    done
}

# Where and how files are put: what COPY, ADD of anything, and here-documents have in common.

placement_none() {
    chown_spec='' chmod_spec='' link=''
    : >"$state/exclude"
}

# placement_option WORD: takes a flag that everything knows that puts files, or fails.
placement_option() {
    case $1 in
    --chown=*) chown_spec=${1#*=} ;;
    --chmod=*) chmod_spec=${1#*=} ;;
    --link) link=yes ;;
    --exclude=*) exclude_rules "${1#*=}" >>"$state/exclude" ;;
    *) return 1 ;;
    esac
}

# Sets `made_owner`, of directories on the way, and `put_owner`, of what is put: files of a context are root's, those of a
# stage keep their owners ('').
placement_begin() {
    layer_begin
    made_owner='' put_owner=''
    if [ -n "$chown_spec" ]; then
        owner_of "$chown_spec"
        made_owner=$owner put_owner=$owner
    elif [ "$source_kind" = context ]; then
        put_owner=0:0
    fi
}

placement_end() {
    layer_end
    rm -rf "$state/one"
}

# From here on $root is the empty root. BuildKit drops --link when there is a --chmod.
layer_begin() {
    layer_root=$root
    [ -n "$link" ] && [ -z "$chmod_spec" ] || return 0
    rm -rf "$state/layer"
    mkdir -m 0755 "$state/layer" || fail "$state/layer cannot be made"
    root=$state/layer
}

# A layer replaces whatever is in its way, symbolic links by directories too, and resets directories that are there.
layer_end() {
    [ "$root" != "$layer_root" ] || return 0
    source_root=$root source_kind=layer source_rules='' root=$layer_root
    list_tree /
    transfer "$source_root" "$state/list" "$root/" replace '' ''
    rm -rf "$source_root"
}

# places_full: what every step has mounted. The files go again.
places_full() {
    place_covers=''
    places_kernel
    place_point /etc/hosts file
    place_hosts=$place
    place_point /etc/resolv.conf file
    place_resolv=$place
    : "$place_hosts$place_resolv"
}

# /proc, /sys and /dev stay in the image, as with docker.
places_kernel() {
    for place_name in /proc /sys /dev; do
        [ ! -L "$root$place_name" ] || fail "$place_name of the root is a symbolic link: nothing can be mounted there"
        [ -d "$root$place_name" ] || mkdir -m 0755 "$root$place_name" || fail "mkdir $place_name"
    done
}

# places_plain: / has its devices and names already. A DIR gets the devices and the names that a step cannot do without.
places_plain() {
    [ -n "$root" ] || return 0
    for place_name in hosts resolv.conf; do
        [ -f "/etc/$place_name" ] || continue # a bare chroot has none to give
        place_point "/etc/$place_name" file
        swap_copy "/etc/$place_name" "$place"
    done
    for place_name in proc sys dev; do # mount points, which stay in the image, as with docker
        [ -d "$root/$place_name" ] || mkdir -m 0755 "$root/$place_name"
    done
    while read -r place_name place_minor; do
        [ -e "$root/dev/$place_name" ] || place_device "$place_name" "$place_minor"
    done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
}

# place_device NAME 'MAJOR MINOR'
place_device() {
    undo_later remove "$root/dev/$1"
    mknod -m 666 "$root/dev/$1" c "${2% *}" "${2#* }" 2>/dev/null || [ -n "${place_told-}" ] || {
        warn "devices cannot be made here (no right to mknod): steps in $root have no /dev/$1"
        place_told=1
    }
}

# place_point TARGET directory|file: sets `place`, the path of TARGET inside the root with links followed, and makes what is
# missing of it; that goes again after the step if nothing is in it. What lies in /dev or /proc, or in a directory that an earlier
# mount of the step covers, is not the root's own: there programs/enter.sh makes it.
place_point() {
    resolve "$1"
    place=$resolved
    case $mode$place in
    full/dev/* | full/proc/* | full/sys/*) return 0 ;;
    full*)
        ! eval "place_is_covered $place_covers" || return 0
        [ "$2" = file ] || place_covers="$place_covers $(quote "$place")" ;;
    esac
    place_rest=${place#/}/ place_way=$root
    while [ -n "$place_rest" ]; do
        place_way=$place_way/${place_rest%%/*} place_rest=${place_rest#*/}
        [ ! -e "$place_way" ] || continue
        undo_later stub "$place_way"
        if [ -z "$place_rest" ] && [ "$2" = file ]; then : >"$place_way"; else mkdir -m 0755 "$place_way"; fi ||
            fail "the mount point $1 cannot be made"
    done
}

# place_is_covered DIRECTORY...: does `place` lie in one of them?
place_is_covered() {
    for place_cover; do
        case $place in "$place_cover"/*) return 0 ;; esac
    done
    return 1
}

# swap_away PLACE: what is there goes aside and comes back after the step. It is noted first: a script may be killed after any line, and
# the disk may be full.
swap_away() {
    swap_number=$((${swap_number-0} + 1))
    swap_hidden=$state/hidden.$swap_number
    undo_later back "$root$1" "$swap_hidden"
    mv "$root$1" "$swap_hidden" || fail "$1 is in use (a mount of this container?): a mount of the step cannot be put there"
    undo_later remove "$root$1"
}

# swap_copy FROM PLACE
swap_copy() {
    swap_away "$2"
    if [ -d "$1" ]; then
        mkdir "$root$2"
        copy_root "$1" "$root$2"
    else
        cp -p "$1" "$root$2" || fail "$2 cannot be put in place"
    fi
}

# plain_notes: what cannot be given here.
plain_notes() {
    ! [ -e /proc/self/stat ] || return 0
    warn 'there is no /proc here: steps find none, and daemons that they leave behind are not ended'
}

# run_plainly: what a step asks for and cannot get.
run_plainly() {
    [ "${run_network-}" != none ] ||
        missing 'a network namespace for RUN --network=none: run this as root on a machine or in a privileged container'
    # who has made this container for the script has made it so
    [ -z "${run_host-}${run_hosts-}${run_shm-}" ] || [ -n "${DOCK2SH_MACHINE-}" ] ||
        warn "steps see this container's own name, /etc/hosts and /dev/shm: nothing of --add-host, --shm-size or BUILDKIT_SANDBOX_HOSTNAME"
    [ "${run_security-}" != insecure ] || warn 'RUN --security=insecure: the step has the rights that there are here, and no more'
}

# run_processes: the numbers of all processes, for plain mode in a container.
run_processes() {
    [ "$mode" = plain ] && in_container || return 0
    (cd /proc && printf ' %s ' [0-9]*)
}

# A machine that was made of an image has the mark, too: its processes are in the first namespace, the number of which is the
# kernel's own (include/linux/proc_ns.h, PROC_PID_INIT_INO).
in_container() {
    [ -e /.dockerenv ] || [ -e /run/.containerenv ] || return 1
    [ "$(readlink /proc/self/ns/pid 2>/dev/null)" != 'pid:[4026531836]' ]
}

# run_leftovers: docker ends every process of a step with its first one. Surely the step's are those of its session, and, in a
# container, orphans that came with the step, with their children (daemons): not what `docker exec` brings, the first of which has
# parent 0, nor what a service starts that was there before.
run_leftovers() {
    [ "$mode" = plain ] && [ -s "$state/pid" ] || return 0
    kill -KILL "-$(cat "$state/pid")" 2>/dev/null
    [ -e /proc/self/stat ] || return 0
    for leftover_round in 1 2 3; do
        leftovers=$(leftover_list "$(cat "$state/pid")")
        [ -n "$leftovers" ] || return 0
        eval "kill -KILL $leftovers" 2>/dev/null
    done
    : "$leftover_round"
}

# leftover_list SESSION. Field 1 of stat is the number, 2 the name (which may hold blanks and brackets), 4 the parent, 6 the
# session.
leftover_list() {
    cat /proc/[0-9]*/stat 2>/dev/null | session=$1 before=${run_before-} LC_ALL=C awk '
        /^[0-9]+ \(/ { number = $1; sub(/^.*\) /, ""); parent[number] = $2; session[number] = $4 }
        END {
            for (p in parent) {
                if (session[p] != ENVIRON["session"]) {
                    if (ENVIRON["before"] == "" || index(ENVIRON["before"], " " p " ")) continue
                    if (index(ENVIRON["before"], " " session[p] " ")) continue
                    for (top = p; parent[top] > 1 && !index(ENVIRON["before"], " " parent[top] " "); ) top = parent[top]
                    if (parent[top] != 1) continue
                }
                printf "%s ", p
            }
        }'
}

# copy_path SOURCE DEST: a directory's contents go into DEST, anything else to where put_file puts it.
copy_path() {
    source_path "$1"
    if [ -d "$source_root$found" ]; then
        put_directory "$found" "$2"
    else
        put_file "$source_root$found" "${1##*/}" "$2"
    fi
}

# put_directory FOUND DEST: the directory itself lends its time only, never its mode or owner: BuildKit makes DEST first and
# then copies what is in the directory.
put_directory() {
    [ "$1" != / ] || put_links
    put_contents "$@"
}

put_contents() {
    put_time=$(stat -c %Y "$source_root$1")
    list_tree "$1"
    filter_list "$state/exclude" ''
    resolve "$2"
    case $2 in
    */) ;;
    *) [ -d "$root$resolved" ] || ! [ -e "$root$resolved" ] || fail "cannot copy to non-directory: $resolved" ;;
    esac
    make_directories "$resolved" "$(created_mode "$chmod_spec")" "$made_owner"
    put_into=$root$resolved
    transfer "$source_root$1" "$state/list" "$put_into" merge "$put_owner" "$chmod_spec"
    touch -d "@$put_time" "$put_into" || fail "the time of ${put_into#"$root"} cannot be set"
}

# put_links: with --exclude BuildKit follows the links at the top of a whole context or stage; one that leads nowhere fails.
put_links() {
    [ -s "$state/exclude" ] || return 0
    list_tree / -maxdepth 1 -type l
    filter_list "$state/exclude" ''
    links_lead
}

# links_lead: fails where a link at the top of $state/list, which is one of the whole source, leads nowhere.
links_lead() {
    list_as_lines | grep -v '^[.]/.*/' >"$state/top-links"
    mv -f "$state/list" "$state/list.whole"
    while IFS= read -r put_link <&8; do
        put_link=$(printf '%s/' "${put_link#./}" | tr '\001' '\n')
        ! [ -L "$source_root/${put_link%/}" ] || source_path "${put_link%/}"
    done 8<"$state/top-links"
    mv -f "$state/list.whole" "$state/list"
}

# put_file FILE NAME DEST: puts a file (or device...) of the machine to DEST/NAME if DEST is a directory or ends in a slash,
# else to DEST.
put_file() {
    resolve "$3"
    put_into=$resolved put_name=$2
    case $3 in
    */) ;;
    *) [ -d "$root$resolved" ] || put_into=${resolved%/*} put_name=${resolved##*/} ;;
    esac
    put_into=${put_into:-/}
    make_directories "$put_into" "$(created_mode "$chmod_spec")" "$made_owner"
    rm -rf "$state/one"
    transfer_tool
    put_follow=follow
    { mkdir "$state/one" && put_named "$1" "$state/one/$put_name"; } || fail "$put_name cannot be put into $put_into"
    printf './%s\0' "$put_name" >"$state/list" || list_lost
    transfer "$state/one" "$state/list" "$root$put_into" merge "$put_owner" "$chmod_spec" "$put_follow"
}

# put_named FILE PATH: FILE by another name. That is a link to it, but for an empty file a copy: GNU tar does not open what is
# empty, and takes the attributes of the link instead.
put_named() {
    if [ "$transfer_by" = transfer_by_tar ] && [ -f "$1" ] && ! [ -s "$1" ] && ! [ -L "$1" ]; then
        put_follow=
        : >"$state/linked"
        printf './%s\0' "${1##*/}" >"$state/list" || list_lost
        rm -rf "$state/unpacked" "$state/empty"
        mkdir "$state/empty" && transfer_by_tar "${1%/*}/" "$state/list" "$state/empty" '' '' &&
            touch -r "$1" "$state/empty/${1##*/}" && mv "$state/empty/${1##*/}" "$2"
    else
        ln -s "$1" "$2"
    fi
}

# run: the text on standard input, lines joined as a Dockerfile joins them, as one argument of the shell. Without a process: most
# texts are short, and a build may have many of them.
run() {
    run_taken=
    while IFS= read -r run_line || [ -n "$run_line" ]; do
        run_blank=${run_line%%[!" 	"]*}
        case $run_line in
        "$run_blank#"*) ;;
        *\\) run_taken=$run_taken${run_line%?} ;;
        *) run_taken="$run_taken$run_line
" ;;
        esac
    done
    run_taken=$run_taken.
    run_given_text
}

# The last newline is the here-document's.
run_given_text() {
    run_taken=${run_taken%.}
    run_taken=${run_taken%"
"}
    eval "run_exec $run_shell \"\$run_taken\""
}

# security insecure: for the next RUN: every capability, nothing covered.
security() {
    run_security=$1
    : "$run_security"
}

# run_exec WORD...: the command itself.
run_exec() {
    ! wanted || run_wanted "$@"
    run_mounts='' run_network='' run_security='' run_script='' run_placer='' run_after=''
    : "$run_mounts$run_script"
}

run_wanted() {
    ! dry || { say "$(quote "$@")" && return; }
    [ -z "$door" ] || [ -n "${run_placer-}" ] || { door_run "$@" && return; }
    run_choose
    [ "$mode" = full ] || run_plainly
    account "$user"
    run_cwd
    run_more=''
    : >"$state/mounts"
    case $mode in full) places_full ;; *) places_plain ;; esac
    ${run_placer-}
    run_environment
    run_chain "$@"
    for run_note in pid interrupted refused status; do : >"$state/$run_note"; done
    run_before=$(run_processes)
    run_streams
    undo_steps
    [ -d "$state" ] || fail "the step removed $state, which this script needs: name another place with --state DIR"
    read -r run_status <"$state/status" || run_status=''
    [ -n "$run_status" ] || fail "nobody could note what the command ended with: is there room in $state?"
    ${run_after-}
    [ "$run_status" -ne 125 ] || [ ! -s "$state/refused" ] || fail "$(cat "$state/refused")"
    [ "$run_status" -eq 0 ] || fail "the command ended with exit status $run_status"
}

# A missing current directory is made as runc makes it: 0755, the step's user, each level.
run_cwd() {
    resolve "$cwd"
    [ -d "$root$resolved" ] || make_directories "$resolved" 0755 "$account_uid:$account_gid"
    run_wd=$resolved
    case $cwd_text/ in */../*) run_cwd_text "$cwd_text" ;; esac
}

# run_cwd_text DIR: a WORKDIR with a `..` in it is cleaned for COPY, but runc takes its text: it makes what is missing before
# the `..` too, as root (below a setgid directory of its group), and the kernel goes through a link before it goes up.
run_cwd_text() {
    text_rest=${1#/}/ text_at=
    while [ -n "$text_rest" ]; do
        text_at=$text_at/${text_rest%%/*} text_rest=${text_rest#*/}
        resolve "$text_at"
        [ -d "$root$resolved" ] || make_directories "$resolved" 0755 ''
    done
    run_wd=$resolved
}

# run_environment: sets `run_env`: what the words have set, proxies, docker's default PATH, secrets, and HOME as runc sets it.
run_environment() {
    run_saved=$environment
    eval "env_add $proxies"
    env_has PATH || env_set "PATH=$default_path"
    eval "env_add ${run_more-}"
    env_has_text HOME || env_set "HOME=$account_home"
    run_env=$environment environment=$run_saved
}

# run_choose: sets `mode` by trying: `full` with namespaces of the step's own, else `plain`.
run_choose() {
    [ -z "${mode-}" ] || return 0
    mode=plain
    run_kit
    run_remounts=$("$(tool unshare)" -m -p -i -u -f "$(tool sh)" -c "$(program_probe)" sh "$state" 2>/dev/null) && mode=full
    if [ "$mode" = full ]; then run_names; else plain_notes; fi
}

# run_names: the files that docker mounts on /etc/hosts and /etc/resolv.conf.
run_names() {
    printf '127.0.0.1\tlocalhost %s\n::1\tlocalhost ip6-localhost ip6-loopback\n%s' \
        "${run_host:-buildkitsandbox}" "${run_hosts-}" >"$state/hosts"
    cat /etc/resolv.conf >"$state/resolv.conf" 2>/dev/null || : >"$state/resolv.conf"
}

# run_kit: sets `kit`: whose tools are here, util-linux's or those of busybox; and the first process as a word.
run_kit() {
    kit=linux
    case $("$(tool setpriv)" --help 2>&1) in *--bounding-set*) ;; *) kit=busybox ;; esac
    quote_word "$(program_enter)"
    run_first=$quoted
    : "$run_first"
    # the caller may have signals ignored (nohup, a job in the background), and only GNU env can undo that for the step
    run_signals=''
    case $("$(tool env)" --help 2>&1) in *--default-signal*) run_signals=--default-signal ;; esac
    for run_tool in unshare nsenter setsid; do
        tool "$run_tool" >/dev/null || missing "the tool $run_tool: install util-linux (or busybox)"
    done
    run_refuses=''
    case $("$(tool nsenter)" --wd=/ -- "$(tool true)" 2>&1) in *'no namespace'*) run_refuses=1 ;; esac
}

# run_streams: runs `chain` and waits. A shell heeds no signal before a command in its foreground ends, but it does so in `wait`; in
# the background the step would have SIGINT ignored, which only GNU env undoes.
run_streams() {
    [ -n "$run_signals" ] || { run_piped && return; }
    run_piped &
    run_job=$! run_ender=run_end
    wait "$run_job" || :
    run_ender=''
}

# run_end: the script is told to end while the step runs.
run_end() {
    run_kill
    wait "$run_job" || :
}

# run_piped: an empty pipe for input and pipes for output, as docker does: a program must not find a terminal. The first relay is
# the one that Ctrl-C reaches: its cat dies, its trap ends the step.
run_piped() {
    {
        {
            {
                : | eval "run_enter $chain" 4>&- 5>&-
                echo $? >"$state/status"
                run_leftovers 4>&- 5>&-
            } 2>&4 | run_relay >&5 4>&- 5>&-
        } 4>&1 | cat >&2 5>&-
    } 5>&1
}

run_relay() {
    trap run_kill INT TERM HUP
    cat
}

# run_enter WORD...
run_enter() {
    enter_mode=$mode enter_root=$root enter_state=$state enter_uid=$account_uid enter_wd=$run_wd \
        enter_network=$run_network enter_security=$run_security enter_remounts=$run_remounts enter_devices=$state/devices \
        enter_shm=${run_shm-} enter_hosts=${place_hosts-} enter_resolv=${place_resolv-} enter_host=${run_host:-buildkitsandbox} "$@"
}

# The step's first process: in `full` mode the kernel ends all the others with it, in `plain` mode it leads a session.
run_kill() {
    echo yes >"$state/interrupted"
    [ -s "$state/pid" ] || return 0
    kill -KILL "$(cat "$state/pid")" 2>/dev/null
    [ "$mode" = full ] || kill -KILL "-$(cat "$state/pid")" 2>/dev/null
}

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

# list_tree DIR [FIND-OPTION...]: $state/list becomes what is below DIR of the source, without what is left out of the context.
list_tree() {
    list_dir=$1
    shift
    (cd "$source_root$list_dir" && find . "$@" ! -name . -print0) >"$state/list" || fail "$list_dir cannot be read"
    list_dir=${list_dir#/} list_dir=${list_dir%/}
    filter_list "$source_rules" "${list_dir:+$list_dir/}"
}

# filter_list RULES PREFIX: drops from $state/list what the rules leave out; they see PREFIX before each name.
filter_list() {
    [ -s "$1" ] && [ -s "$state/list" ] || return 0
    list_is_plain
    list_as_lines | rules=$1 prefix=$2 LC_ALL=C awk "$(program_bytes; program_filter)" | tr '\001\n' '\n\0' >"$state/list.kept" ||
        list_lost
    mv -f "$state/list.kept" "$state/list"
}

# list_lost: a list could not be written. What is cut off would leave files out without a word.
list_lost() {
    fail "$state cannot be written: is the disk full?"
}

# list_room: busybox's awk, find and sort say nothing (status 0) of what they could not write. Then there is no room for more.
list_room() {
    printf '%16384s' '' >"$state/room" || list_lost
    : >"$state/room"
}

# for_each DIR LIST COMMAND...: runs COMMAND in DIR with the names of LIST, as many at a time as fit. They come through a pipe:
# busybox's xargs lets its children have the list open, and a child that ends sets back a file that can seek.
for_each() {
    each_dir=$1 each_list=$2
    shift 2
    cat <"$each_list" | (cd "$each_dir" && xargs -0 "$@")
}

# $state/list for line tools: a newline in a name becomes \001.
list_as_lines() {
    tr '\n\0' '\001\n' <"$state/list"
}

# Names with a \001 or \002 of their own would come back as others.
list_is_plain() {
    [ "$(tr -dc '\001\002' <"$state/list" | wc -c)" -eq 0 ] ||
        fail 'a file name contains the control character 1 or 2 and cannot be matched: rename the file'
}

# exclude_rules PATTERN...: the rules of --exclude. A leading ! takes back.
exclude_rules() {
    for exclude_pattern; do
        exclude_sign=+
        case $exclude_pattern in !*) exclude_sign=- exclude_pattern=${exclude_pattern#!} ;; esac
        exclude_ere=$(pattern exclude "$exclude_pattern") || fail "there is no expression for --exclude=$exclude_pattern"
        printf '%s\n' "$exclude_sign$exclude_ere" || list_lost
    done
}

# from IMAGE [NAME]: the target's root, in / or the DIR of --root. NAME when it is stage NAME as yet (and `keep NAME` follows).
from() {
    target_begin "$1" "${2-}"
    ! acting || [ -z "$stage_needed" ] || target_files "$1"
    target_begun=1
}

# target_files IMAGE: what the target begins with, in an empty DIR; else it is what it is.
target_files() {
    target_keep_pristine
    target_is_empty || return 0
    image_fill "$1" "$target_root"
    [ "$1" = scratch ] || target_is_new=1
    : "${target_is_new-}"
}

# stage NAME IMAGE: a stage with a root of its own, which is filled when something needs it.
stage() {
    stage_begin "$1"
    stage_image=$2
    ! acting || printf '%s\n' "image $2" >"$state/stages/$1/recipe"
}

# target_begin IMAGE NAME
target_begin() {
    state_reset
    stage_now='' stage_image=$1 stage_skipped='' stage_needed=1 root=$target_root
    [ -z "$only_stage" ] || stage_needs "$2" || stage_needed=''
    : "$root$stage_image$stage_now"
}

# stage_begin NAME
stage_begin() {
    state_reset
    stage_now=$1 stage_skipped='' stage_needed=1
    [ -z "$only_stage" ] || stage_needs "$1" || stage_needed=''
    root=$state/stages/$1/root
    ! acting || mkdir -p "$state/stages/$1"
}

# Really at work: neither --list nor --dry-run.
acting() {
    [ "$action" = build ]
}

# step N TITLE: what follows is step N.
step() {
    step_number=$1 step_title=$2 step_wanted=''
    if [ "$action" = start ]; then
        return
    elif [ "$action" = list ]; then
        [ -z "$stage_needed" ] || printf '%s\n' "[$1/$total] $2"
        return
    fi
    if [ -n "$stage_needed" ] && [ "$1" -ge "$from_step" ] && [ "$1" -le "$last_step" ] && [ "$1" -eq "${only_step:-$1}" ]; then
        step_begin "$1" "$2"
    else
        stage_skipped=1
    fi
    : "$step_number$step_now$step_title$step_wanted$stage_skipped"
}

# step_begin N TITLE: step N is one of those that are to be done.
step_begin() {
    step_wanted=1 step_now=$1
    if [ -z "$door" ]; then say "${colour_step-}[$1/$total]${colour_off-} $2"; else door_ask "step $1"; fi
}

# wanted: is the current step to be done? Then its stage's root is there.
wanted() {
    [ -n "$step_wanted" ] || return 1
    dry || root_ready
}

# root_ready: the root of the stage that is being built is there. What the step before has made of the root directory itself is
# gone: each layer of docker's overlay2 has one of its own, and a mount of a finished stage (from=) shows that of its last step.
root_ready() {
    if [ -z "$stage_now" ]; then
        [ -z "${target_is_new-}" ] || [ -z "$stage_skipped" ] || missing "what the steps before this one make: $target_root was empty. \
Without --from and --only everything is made"
    elif [ ! -d "$root" ]; then
        stage_fill "$stage_now"
    fi
    root_directory "${root:-/}"
}

# stage_fill NAME: the root of a stage, from its recipe. When steps of it were skipped (--from) the recipe is not enough.
stage_fill() {
    [ "$stage_now" != "$1" ] || [ -z "$stage_skipped" ] || missing "the root of stage $1 as it was before this step: \
it is gone with the state of an earlier run. Without --from and --only everything is made again"
    read -r fill_kind fill_from <"$state/stages/$1/recipe" || missing "the stage $1: run without --from"
    rm -rf "$state/stages/$1/new"
    mkdir "$state/stages/$1/new"
    case $fill_kind in
    stage) stage_follow "$fill_from" "$state/stages/$1/new" ;;
    image) image_fill "$fill_from" "$state/stages/$1/new" ;;
    esac
    root_arrives "$state/stages/$1"
}

# stage_follow NAME DIR: the empty DIR gets the files of the finished stage NAME.
stage_follow() {
    fill_parent=$(root_of "$1") || exit
    copy_root "$fill_parent" "$2"
}

# root_arrives DIR: from DIR/new, where it was filled, to DIR/root.
root_arrives() {
    mv "$1/new" "$1/root"
}

# root_of NAME: prints the root of a stage, a named context or an image, for copy --from and mounts. Filled on first use.
root_of() {
    (
        if [ "$1" != "${context_filling-}" ] && stage_is_here "$1"; then
            [ -d "$state/stages/$1/root" ] || stage_fill "$1"
            printf '%s\n' "$state/stages/$1/root"
            return
        fi
        if is_named_context "$1"; then context_directory "$1"; else image_root "$1"; fi
    )
}

stage_is_here() {
    stage_line "$1" >/dev/null || [ -f "$state/stages/$1/recipe" ] || [ -d "$state/stages/$1/root" ]
}

# in_root DIR WORD...: with DIR as the root that is being built.
in_root() {
    in_saved=$root root=$1
    shift
    "$@"
    root=$in_saved
}

# stage_line NAME: the line of `stages` that begins with NAME; the names after it are the stages that it needs. The last line is
# the target's.
stage_line() {
    printf '%s\n' "${stages-}" | name=$1 LC_ALL=C awk '
        BEGIN { missing = 1 }
        $1 == ENVIRON["name"] { print; missing = 0; exit }
        END { exit missing }'
}

stage_names() {
    printf '%s\n' "${stages-}" | awk 'NF { printf "%s%s", gap, $1; gap = ", " } END { print gap ? "" : "(none)" }'
}

# stage_needs NAME: is stage NAME ('' is the target: the last line) the one of --stage, or one that it needs?
stage_needs() {
    printf '%s\n' "${stages-}" | name=$1 goal=$only_stage LC_ALL=C awk '
        NF { line[++count] = $0 }
        END {
            need[ENVIRON["goal"]] = 1
            for (i = count; i > 0; i--) {
                size = split(line[i], part, " ")
                if (part[1] in need) for (k = 2; k <= size; k++) need[part[k]] = 1
            }
            split(line[count], part, " ")
            exit (ENVIRON["name"] == "" ? part[1] : ENVIRON["name"]) in need ? 0 : 1
        }'
}

# entrypoint WORD... and cmd WORD...: ENTRYPOINT and CMD, as words.
entrypoint() {
    image_entrypoint=$(quote "$@")
}

start_image() {
    root=$target_root start_env='' start_gone=''
    : "${image_entrypoint=}${image_cmd=}"
    eval "start_options $start_arguments"
    [ -n "$image_entrypoint$image_cmd" ] || misused 'No command specified: the image has neither ENTRYPOINT nor CMD. Name one.'
    start_right
    account_names "${user:-0}" start
    start_environment
    "${start_by:-start_become}"
}

# start_right: may this be started by whoever calls it? `start_by` may say how, if not as root does it.
start_right() {
    [ "$(id -u)" -eq 0 ] || missing 'the right to start it: it needs root'
}

# start_options WORD...: docker run's, up to `--` or the first word that is none; then the arguments, which take the place of
# CMD. Where docker has IMAGE, which ends the options, `--` does. Another entrypoint clears CMD, too.
start_options() {
    while [ $# -gt 0 ]; do
        case $1 in
        --) shift && break ;;
        -i | -t | -it | -ti | --rm | --interactive | --tty) ;;
        --*=*) start_option "${1%%=*}" "${1#*=}" ;;
        -[euw]?*) start_value=${1#-?} && start_option "${1%"$start_value"}" "${start_value#=}" ;;
        -e | --env | --entrypoint | -w | --workdir | -u | --user)
            [ $# -gt 1 ] || misused "start: $1 needs a value. If it is meant for the image: start ... -- $1"
            start_option "$1" "$2"
            shift ;;
        -?*) start_option "$1" '' ;;
        *) break ;;
        esac
        shift
    done
    [ $# -eq 0 ] || image_cmd=$(quote "$@")
}

# start_option NAME VALUE
start_option() {
    case $1 in
    -e | --env) start_variable "$2" ;;
    --entrypoint) image_entrypoint='' image_cmd='' && [ -z "$2" ] || image_entrypoint=$(quote "$2") ;;
    -w | --workdir) cwd=$2 ;;
    -u | --user) user=$2 ;;
    *) misused "start: unknown option $(quote "$1"). Its options: -e K=V, --entrypoint X, -w DIR, -u USER." \
        "What is meant for the image stands behind \`--\`: start ... -- $(quote "$1")" ;;
    esac
}

# K=V, or K alone: the caller's value; if he has none it is not set, whatever the image says.
start_variable() {
    case $1 in
    *=*) start_env="$start_env $(quote "$1")" ;;
    '' | [0-9]* | *[!A-Za-z0-9_]*) misused "start -e: $(quote "$1") is no name of a variable." ;;
    *) caller_has "$1" || { start_gone="$start_gone $1" && return; }
        start_env="$start_env $(quote "$1=$caller_value")" ;;
    esac
}

# What the image and the options say, PATH, HOME, and what docker run adds: HOSTNAME, and TERM at a terminal. In docker's order:
# PATH, HOSTNAME, TERM, then what -e names, what the image names, HOME; a value that takes another's place stands there.
# (A caller that makes the machine and its terminal only afterwards says in DOCK2SH_HOSTNAME and DOCK2SH_TERM what they will be.)
start_environment() {
    start_saved=$environment environment=''
    env_set "PATH=$default_path"
    env_set "HOSTNAME=${DOCK2SH_HOSTNAME:-$(uname -n)}"
    if [ -n "${DOCK2SH_TERM-}" ]; then env_set "TERM=$DOCK2SH_TERM"; elif [ -t 0 ]; then env_set "TERM=${TERM:-xterm}"; fi
    eval "start_take $start_env"
    eval "start_take $start_saved"
    for start_name in $start_gone; do env_unset "$start_name"; done
    eval "start_take $start_env"
    env_has_text HOME || env_set "HOME=$account_home"
    run_env=$environment
}

# start_take K=V...: each in the place of the one of its name, or behind all.
start_take() {
    for start_new in "$@"; do
        quote_word "$start_new"
        start_rest=$quoted start_list=''
        eval "start_replace $environment"
        environment="$start_list $start_rest"
    done
}

start_replace() {
    for start_word in "$@"; do
        if [ "${start_word%%=*}" = "${start_new%%=*}" ]; then
            start_list="$start_list $start_rest" start_rest=''
        else
            quote_word "$start_word"
            start_list="$start_list $quoted"
        fi
    done
}

# The command takes the place of the script, so that signals reach it and its exit status is ours. A DIR gets its /proc, /sys
# and /dev in a mount namespace, where there is one to be had. The working directory is made where it is not there, as docker does.
start_become() {
    resolve "$cwd"
    run_wd=$resolved mode=plain
    : "${run_security=}"
    [ -d "$root$run_wd" ] || mkdir -p "$root$run_wd" || missing "the directory $cwd in ${root:-/}"
    run_kit
    case $root in
    '' | /proc/*) ;; # the root of a process has its places already
    *) ! "$(tool unshare)" -m "$(tool mount)" -n -t tmpfs tmpfs "$root" 2>/dev/null || mode=full ;;
    esac
    chain=''
    if [ "$mode" = full ]; then
        chain_tool unshare -m
        chain_tool sh -c
        chain="$chain $run_first enter"
    fi
    eval "run_become $image_entrypoint $image_cmd"
    export enter_mode=start enter_root="$root" enter_state='' enter_uid=0 enter_wd="$run_wd" enter_network='' enter_security=''
    export enter_remounts='' enter_devices=''
    eval "exec $chain"
}

# The environment is an ordered list of K=V, held as words quoted for `eval`: any byte may be in a value, and a name that is
# no shell identifier (a.b) is as good as another.
state_reset() {
    eval "unset ${base_names-} base_names"
    environment='' proxies='' user='' cwd=/ cwd_text=/ run_shell='/bin/sh -c'
    default_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    : "$environment$proxies$user$cwd$cwd_text$run_shell$default_path"
}

# env K=V...: each name stands where it was assigned last, as in BuildKit (llb's EnvList deletes and appends).
env() {
    env_add "$@"
}

env_add() {
    for env_new in "$@"; do
        env_set "$env_new"
    done
}

# env_set K=V
env_set() {
    env_list='' env_setting=$1
    eval "env_without $environment"
    quote_word "$env_setting"
    environment="$env_list $quoted"
}

# env_unset NAME
env_unset() {
    env_list='' env_setting=$1
    eval "env_without $environment"
    environment=$env_list
}

# env_without K=V...: sets `env_list` to all of them but those of the name that is set.
env_without() {
    for env_word in "$@"; do
        [ "${env_word%%=*}" != "${env_setting%%=*}" ] || continue
        quote_word "$env_word"
        env_list="$env_list $quoted"
    done
}

# env_has NAME: is it set?
env_has() {
    env_value "$1" && [ -n "$env_found" ]
}

# env_has_text NAME: is it set to anything? (runc takes an empty HOME for none.)
env_has_text() {
    env_value "$1" && [ -n "${env_found#"$1="}" ]
}

# env_value NAME: sets `env_found` to its NAME=VALUE, or nothing.
env_value() {
    eval "env_look $1 $environment"
}

env_look() {
    env_name=$1 env_found=''
    shift
    for env_word in "$@"; do
        [ "${env_word%%=*}" != "$env_name" ] || env_found=$env_word
    done
}

# user SPEC: for the RUNs and WORKDIRs that follow. Not looked up before something needs it, as in docker.
user() {
    user=$1
}

# directory DIR: the current directory; nothing is created.
directory() {
    cwd=$1 cwd_text=$1
}

# base_env K=V...: the environment of the base image, known when the script was made.
# Each variable is also there as ${BASE_NAME-} for the words that follow, until the next stage.
base_env() {
    env_add "$@"
    for base_word in "$@"; do
        case ${base_word%%=*} in
        '' | *[!ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_]*) ;;
        *) base_names="${base_names-} BASE_${base_word%%=*}"
            eval "BASE_${base_word%%=*}=\${base_word#*=}" ;;
        esac
    done
}

# tool NAME: the path of a program of the machine outside. Shells may have it built in, or a word of the script its name (env).
tool() {
    tool_find "$1" && printf '%s\n' "$tool_found"
}

# tool_find NAME: sets `tool_found` to it, without a process.
tool_find() {
    tool_path=$PATH:
    while [ -n "$tool_path" ]; do
        tool_found=${tool_path%%:*}/$1 tool_path=${tool_path#*:}
        ! { [ -f "$tool_found" ] && [ -x "$tool_found" ]; } || return 0
    done
    tool_found=''
    return 1
}

# transfer SOURCE LIST DEST POLICY OWNER MODE [FOLLOW]: puts what LIST names in SOURCE into the directory DEST of the root.
# POLICY merge: as COPY does it, with its refusals; replace: as layers and archives do;
# parents: as COPY --parents does it. OWNER is uid:gid for all, or '' to
# keep theirs; MODE as in --chmod, or ''. With FOLLOW the names are links to what is meant. What is kept: modes with their s
# and t bits, times in whole seconds, hard links among the listed, and file attributes where the tool can.
transfer() {
    list_room
    [ -s "$2" ] || return 0
    transfer_clear "$1" "$2" "$3" "$4" "${7-}"
    transfer_tool
    transfer_linked "$1" "$4" "${7-}"
    rm -f "$state/unpacked"
    ! [ -s "$state/put" ] || "$transfer_by" "$1" "$state/put" "$3" "$5" "${7-}" ||
        fail "the files could not be put into ${3#"$root"}"
    ! [ -s "$state/setgid" ] || transfer_private "$1" "$3"
    transfer_sockets "$1" "$3" "$5"
    transfer_times "$1" "$3" "${7-}"
    change_modes "$3" "$state/no-links" "$6"
}

# Refuses what docker refuses and removes what is in the way, with few processes for any number of names.
transfer_clear() {
    transfer_shown=${3#"$root"}
    for_each "$3" "$2" sh -c "$(program_survey)" sh "$4" "$5" "$1" "${transfer_shown%/}" >"$state/in-the-way" \
        2>"$state/refused" 3>"$state/put" 4>"$state/sockets" 5>"$state/no-links" 6>"$state/setgid" || [ -s "$state/refused" ] || list_lost
    ! [ -s "$state/refused" ] || fail "$(head -n 1 "$state/refused")"
    [ -s "$state/in-the-way" ] || return 0
    transfer_uncover "${3%/}"
    for_each "$3" "$state/in-the-way" rm -rf || fail "${3#"$root"} cannot be cleared"
}

# transfer_uncover DIR: what an engine has mounted on files of the container's own is nothing of the image's, and cannot be replaced. docker
# build has these for RUN alone, and so have our steps (run_names), which take the text of resolv.conf from there.
transfer_uncover() {
    [ -z "$root" ] || return 0
    for transfer_mounted in /etc/hosts /etc/hostname /etc/resolv.conf; do
        tr '\0' '\n' <"$state/in-the-way" | grep -qxF ".${transfer_mounted#"$1"}" || continue
        grep -qF " $transfer_mounted " /proc/self/mounts || continue
        [ "$transfer_mounted" = /etc/resolv.conf ] || ! transfer_may_uncover || ! "$(tool umount)" "$transfer_mounted" 2>/dev/null || continue
        missing "the image's own $transfer_mounted: a file is mounted there, by this container's engine or the like. Build with --root DIR"
    done
}

# A container's mounts, and those of a machine that was made for the script, are for the script alone; without namespaces its steps would
# see the image's file then.
transfer_may_uncover() {
    [ "${mode-}" != plain ] || return 1
    [ -n "${DOCK2SH_MOUNTS-}" ] || in_container
}

# transfer_linked SOURCE POLICY FOLLOW: of what is put, the symbolic links that have several names. COPY makes each of them a link
# of its own (docker notes only of other files that they are one: `ln -s f a; ln -P a b` and COPY --from); layers and archives
# keep them one, where the tool can.
transfer_linked() {
    : >"$state/linked"
    case $3,$2,$transfer_by in ?*,*,* | ,replace,transfer_by_tar) return 0 ;; esac
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh linked >"$state/linked" || list_lost
    [ -s "$state/linked" ] || return 0
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh unlinked >"$state/unlinked" || list_lost
}

# Sets `transfer_by` to the function that can move a list of names that end in NUL: by GNU tar, or else by busybox's cpio (its
# tar reads no lists).
transfer_tool() {
    [ -z "${transfer_by-}" ] || return 0
    case $(tar --version 2>/dev/null) in *'GNU tar'*) transfer_by=transfer_by_tar && transfer_labels && return ;; esac
    case $(cpio --help 2>&1) in *BusyBox*-0*) transfer_by=transfer_by_cpio && return ;; esac
    missing 'GNU tar (or the cpio of busybox) to copy files with: install the package tar'
}

# transfer_labels: sets `transfer_label` to what makes tar keep security.selinux, which to a kernel without SELinux is an attribute like
# others; elsewhere the machine's own policy says what it is. Not every tar can.
transfer_labels() {
    transfer_label=--selinux
    [ ! -e /sys/fs/selinux/enforce ] && [ -z "$(tar --selinux -cf /dev/null -T /dev/null 2>&1)" ] || transfer_label=
}

# transfer_by_tar SOURCE LIST DEST OWNER FOLLOW. POSIX headers carry the attributes; less the times in them, whole seconds stay.
# (Without --no-unquote a backslash in the name of a -C's directory begins an escape.)
transfer_by_tar() {
    { tar_pack_all "$@" || : >"$state/unpacked"; } |
        tar --no-unquote -C "$3" -xpif - --same-owner --numeric-owner --warning=no-timestamp \
            --xattrs --xattrs-include='*' ${transfer_label:+"$transfer_label"} ${transfer_acls:+--acls} &&
        ! [ -e "$state/unpacked" ]
}

# Links that must become several go before the directories that they are in, whose times would change. Two archives are one stream
# to a tar that skips the zeros at the end of the first (-i).
tar_pack_all() {
    if ! [ -s "$state/linked" ]; then
        tar_pack "$@"
    elif tar_pack "$1" "$state/linked" "$3" "$4" '' --hard-dereference; then
        ! [ -s "$state/unlinked" ] || tar_pack "$1" "$state/unlinked" "$3" "$4" ''
    else
        return 1
    fi
}

# tar_pack SOURCE LIST DEST OWNER FOLLOW [OPTION]
tar_pack() {
    tar_source=$1 tar_list=$2 tar_owner=$4
    set -- ${5:+--dereference} ${6:+"$6"}
    [ -z "$tar_owner" ] || set -- "$@" "--owner=:${tar_owner%:*}" "--group=:${tar_owner#*:}"
    # a context's files lose their capabilities on the way, as the chown of the transfer clears them
    [ "$source_kind" = context ] || set -- "$@" --xattrs-include='security.*' ${transfer_label:+"$transfer_label"} ${transfer_acls:+--acls}
    tar --no-unquote -C "$tar_source" -cf - "$@" --xattrs --xattrs-include='user.*' \
        --xattrs-include='trusted.*' --xattrs-exclude='trusted.overlay.*' \
        --pax-option=delete=mtime,delete=atime,delete=ctime --numeric-owner --no-recursion --null -T "$tar_list"
}

# transfer_by_cpio: the same with busybox. A second round for directories: their times changed as they were filled. Its format
# holds files of less than 4 GB.
transfer_by_cpio() {
    cpio_has_room "$1" "$2" || missing 'GNU tar to copy a file of 4 GB or more: install the package tar'
    transfer_warn "$1"
    if ! [ -s "$state/linked" ]; then
        cpio_round "$@" || return 1
    else # of a link with several names cpio writes an empty one ("can't create symlink 'b' to ''")
        for_each "$3" "$state/linked" sh -c "$(program_relink)" sh "$1" || return 1
        ! [ -s "$state/unlinked" ] || cpio_round "$1" "$state/unlinked" "$3" "$4" '' || return 1
    fi
    [ -z "$5" ] || return 0
    for_each "$3" "$2" sh -c "$(program_links)" sh "$1" "$4" || return 1
    for_each "$1" "$2" sh -c "$(program_kind)" sh directory >"$state/dirs" || list_lost
    ! [ -s "$state/dirs" ] || cpio_round "$1" "$state/dirs" "$3" "$4" ''
}

cpio_round() {
    { (cd "$1" && cpio -o -0 -H newc --renumber-inodes ${5:+-L} <"$2" 2>"$state/packed") || : >"$state/unpacked"; } |
        (cd "$3" && cpio -i -d -m -u ${4:+-R "$4"} 2>"$state/cpio") && ! [ -e "$state/unpacked" ] && return
    cat "$state/packed" "$state/cpio" >&2
    return 1
}

cpio_has_room() {
    [ -z "$(for_each "$1" "$2" sh -c "$(program_kind)" sh huge | tr -d '\0')" ]
}

# Attributes that are lost without GNU tar are named where a tool tells of them.
transfer_warn() {
    [ "$source_kind" != context ] && command -v getfattr >/dev/null || return 0
    [ -z "$(getfattr -R -P -h -m '^(security\.capability|user\.)' "$1" 2>/dev/null | head -n 1)" ] ||
        warn "file capabilities and attributes are lost: only GNU tar keeps them (install the package tar)"
}

# transfer_private SOURCE DEST: directories of mode 0700. GNU tar makes them with it and sees no need for a chmod, which would take
# away the setgid bit that they have from the directory above.
transfer_private() {
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh private >"$state/private" || list_lost
    ! [ -s "$state/private" ] || for_each "$2" "$state/private" chmod 00700 || fail "${2#"$root"} cannot be changed"
}

transfer_sockets() {
    [ -s "$state/sockets" ] || return 0
    for_each "$2" "$state/sockets" sh -c "$(program_sockets)" sh "$3" "$1" || fail 'a socket cannot be copied'
}

# transfer_times SOURCE DEST FOLLOW: times that do not come through. Those before 1970: tar has them in the headers that are left out
# here for their fractions, and cpio has none at all. Those from 2106 on: cpio counts seconds in 32 bits.
transfer_times() {
    [ -e "$state/epoch" ] || TZ=UTC touch -d '1970-01-01 00:00:00' "$state/epoch"
    if [ -n "$3" ]; then set -- "$1" "$2" -L ''; else set -- "$1" "$2" -P -h; fi
    for_each "$1" "$state/put" sh -c "$(program_kind)" sh early "$state/epoch" "$3" >"$state/odd-times" || list_lost
    if [ "$transfer_by" = transfer_by_cpio ]; then
        [ -e "$state/2106" ] || TZ=UTC touch -d '2106-02-07 06:28:15' "$state/2106"
        for_each "$1" "$state/put" sh -c "$(program_kind)" sh late "$state/2106" "$3" >>"$state/odd-times" || list_lost
    fi
    ! [ -s "$state/odd-times" ] || for_each "$2" "$state/odd-times" sh -c "$(program_times)" sh "$1" ${4:+"$4"} ||
        fail 'a time before 1970 or after 2105 cannot be set'
}

# is_wild PATH: an unescaped * ? or [ makes it a wildcard.
is_wild() {
    wild_rest=$1
    while :; do
        case $wild_rest in
        \\?*) wild_rest=${wild_rest#??} ;;
        [*?[]*) return 0 ;;
        ?*) wild_rest=${wild_rest#?} ;;
        *) return 1 ;;
        esac
    done
}

# wildcard PATH TOGETHER: $state/wild becomes the matches, lines for copy_matches, several files in one where TOGETHER is not
# empty. No match is no error, as in docker; a missing directory before the first
# wildcard is one.
wildcard() {
    : >"$state/wild"
    wildcard_split "$1"
    resolve_in "$source_root" "/$wild_base" || fail "$1: too many links"
    wild_dir=$resolved
    if ! [ -d "$source_root$wild_dir" ]; then
        # nothing is below a file; one of a context is not even transferred for such a pattern alone
        [ -e "$source_root$wild_dir" ] || wildcard_fails
        is_transferred "${wild_dir#/}" || wildcard_fails
        return 0
    fi
    wild_depth=$(printf %s "$wild_tail" | tr -dc / | wc -c)
    wild_depth=$((wild_depth + 1))
    wildcard_files "$2"
    wildcard_candidates
    wild_ere=$(pattern glob "$1") || fail "there is no expression for $1"
    list_as_lines | base=$wild_base ere=$wild_ere LC_ALL=C awk "$(program_bytes; program_matches)" >"$state/wild.names" || list_lost
    [ -z "$(pattern sent "$1")" ] || wildcard_sent
    tr / '\002' <"$state/wild.names" | LC_ALL=C sort | tr '\002' / |
        base=$wild_base plain="$state/wild.plain" into=$state LC_ALL=C awk "$(program_groups)" >"$state/wild" || list_lost
    list_room
    [ -s "$state/wild" ] || [ "$wild_dir" = / ] || is_transferred "${wild_dir#/}" || wildcard_fails
}

# Keeps of $state/wild.names what docker brings in: it reads the pattern as a line of an ignore file then, in which `x/**y` and
# `[[:alpha:]]` mean something else.
wildcard_sent() {
    mv -f "$state/wild.names" "$state/wild.all" && : >"$state/wild.names"
    while IFS= read -r sent_name; do
        is_transferred "$sent_name" </dev/null || continue
        printf '%s\n' "$sent_name" >>"$state/wild.names" || list_lost
    done <"$state/wild.all"
}

wildcard_fails() {
    fail "lstat /${wild_base%/}: no such file or directory"
}

# Sets `wild_base` to the directories before the first wildcard ('' or with a / at the end), `wild_tail` to the rest.
wildcard_split() {
    wild_base='' wild_tail=$1
    while :; do
        case $wild_tail in */*) ;; *) return ;; esac
        ! is_wild "${wild_tail%%/*}" || return 0
        wild_base=$wild_base${wild_tail%%/*}/ wild_tail=${wild_tail#*/}
    done
}

# What may match, in $state/list: of wildcards only a class crosses a slash, so else one depth is enough. With rules all is listed,
# for a directory may be there only because of something deep inside of it.
wildcard_candidates() {
    case $wild_tail in *\[*) wild_deep=yes ;; *) wild_deep='' ;; esac
    if [ -n "$wild_deep" ] || [ -s "$source_rules" ]; then
        list_tree "$wild_dir"
    else
        list_tree "$wild_dir" -mindepth "$wild_depth" -maxdepth "$wild_depth"
    fi
    list_is_plain
}

# Regular files with a single name, as lines: these can be copied in one go (a tar would keep hard links, which docker does not
# keep between two sources).
wildcard_files() {
    : >"$state/wild.plain"
    [ -n "$1" ] || return 0
    (cd "$source_root$wild_dir" && find . -mindepth "$wild_depth" -maxdepth "$wild_depth" -type f -links 1 -print0) |
        tr '\n\0' '\001\n' >"$state/wild.plain" || list_lost
}

# workdir DIR: later steps run in DIR; creates it and its missing parents 0755, owned by the current user. Without a USER nothing
# is given away, so that below a setgid directory the group is that one's.
workdir() {
    case $1 in
    /*) clean_path "$1" && cwd_text=$1 ;;
    *) clean_path "$cwd/$1" && cwd_text=$cleaned ;;
    esac
    cwd=$cleaned
    wanted || return 0
    ! dry || { say "mkdir -p $(quote "$cwd")"; return 0; }
    resolve "$cwd"
    [ ! -d "$root$resolved" ] || return 0
    owner=
    [ -z "$user" ] || owner_of "$user"
    make_directories "$resolved" 0755 "$owner"
}

program_account() {
    cat <<'PROGRAM'
# Reads /etc/passwd, then (with group=1) /etc/group, for the user `name`, or `number` where that is empty. Prints shell
# assignments: account_uid and account_user (empty: there is no such user), account_gid, account_groups, account_home, which goes by
# the number: an empty one stays so. entry.awk comes before this.
function quoted(text) {
    gsub(/\047/, "\047\\\047\047", text)
    return "\047" text "\047"
}
function is_member(    count, i, members) {
    count = split($4, members, ",")
    for (i = 1; i <= count; i++) if (members[i] == user) return 1
    return 0
}
{ id = number($3) }
group && !chosen {
    chosen = 1
    if (!named) { uid = counted_id; gid = counted_gid; user = counted_user }
}
# in /etc/group a line that begins with # is none, in /etc/passwd it is one
group && /^#/ { next }
group {
    if (user != "" && id != gid "" && is_member()) list = list "," id
    next
}
$1 "" == ENVIRON["name"] "" && $1 != "" && !named { named = 1; uid = id; gid = number($4); user = $1 "" }
id "" == ENVIRON["number"] "" && !counted { counted = 1; counted_id = id; counted_gid = number($4); counted_user = $1 "" }
!(id in home) { home[id] = $6 }
END {
    if (!named && !chosen) { uid = counted_id; gid = counted_gid; user = counted_user }
    if (gid == "") gid = 0
    print "account_uid=" quoted(uid) " account_gid=" quoted(gid) " account_groups=" quoted(gid list)
    print "account_user=" quoted(user)
    print "account_home=" quoted(uid in home ? home[uid] : "/")
}
PROGRAM
}

program_bytes() {
    cat <<'PROGRAM'
# bytes(ERE): awk reads bytes, so what plan/patterns.py says of characters is put in bytes. A character is well-formed UTF-8; (?)
# is also a byte that only begins one, as the letters of Latin-1 do.
function bytes(ere,    high, range) {
    gsub(/\.\*/, "[^\001]*", ere) # Go's `.` is no newline, which is 1 in our lists
    if (!index(ere, "(?")) return ere
    high = "[\302-\337][\200-\277]|[\340-\357][\200-\277][\200-\277]|[\360-\364][\200-\277][\200-\277][\200-\277]"
    gsub(/\(\?!\)/, "\200-\377", ere)
    gsub(/\(\?\+\)/, "(" high ")", ere)
    gsub(/\(\?\)/, "([^/\200-\377]|" high "|[\300-\377])", ere)
    while (match(ere, /\(\?[0-9]+-[0-9]+\)/)) {
        split(substr(ere, RSTART + 2, RLENGTH - 3), range, "-")
        ere = substr(ere, 1, RSTART - 1) "[" sprintf("%c-%c", range[1] + 0, range[2] + 0) "]" substr(ere, RSTART + RLENGTH)
    }
    return ere
}
PROGRAM
}

program_enter() {
    cat <<'PROGRAM'
# The first process of a RUN, outside of its root still, with the tools of the machine. What it makes is what runc makes for
# docker build. Then it becomes the command: exec "$@" (see run_chain). $enter_mode plain: no namespaces, nothing to mount.

refuse() {
    [ "$enter_mode" != start ] || { printf '%s\n' "$*" >&2 && exit 3; }
    printf '%s\n' "$*" >"$enter_state/refused"
    exit 125
}

# inside PATH...: nothing on the way down to PATH is a symbolic link: what was mounted must not lead out of the root.
inside() {
    for inside_path; do
        inside_rest=${inside_path#/}/ inside_way=.
        while [ -n "$inside_rest" ]; do
            inside_way=$inside_way/${inside_rest%%/*} inside_rest=${inside_rest#*/}
            [ ! -L "$inside_way" ] || refuse "$inside_path: a mount with a symbolic link on the way is not possible"
        done
    done
}

mounted() {
    mount_said=$(mount -n "$@" 2>&1) || refuse "mount $*: $mount_said"
}

# bind FROM TARGET OPTIONS: the kernel takes no options with a new bind. util-linux does the second call itself, busybox forgets it.
bind() {
    mounted -o "bind${3:+,$3}" "$1" "$2"
    [ -z "$3" ] || [ -n "$enter_remounts" ] || mounted -o "remount,bind,$3" "$2"
}

# place KIND TARGET: the mount point, where an earlier mount has covered the one that is there. A mount in the place of one of
# docker's own takes it away: `mount` shows one.
place() {
    inside "$2"
    case $2 in /dev/shm | /dev/mqueue | /dev/pts) umount -n ".$2" 2>/dev/null ;; esac
    case $1 in
    directory) [ -d ".$2" ] || mkdir -p ".$2" ;;
    *) [ -e ".$2" ] || { mkdir -p ".${2%/*}" && : >".$2"; } ;;
    esac || refuse "$2: a mount point cannot be made"
}

place_bind() {
    if [ -d "$1" ]; then place directory "$2"; else place file "$2"; fi
    bind "$1" ".$2" "$3"
}

# place_tmpfs TARGET MODE [SIZE]
place_tmpfs() {
    place directory "$1"
    mounted -t tmpfs -o "nosuid,mode=$2${3:+,size=$3}" tmpfs ".$1"
}

# place_secret file|env SOURCE TARGET MODE UID:GID. Its content is never on a disk of ours. noexec unless its mode has an x.
place_secret() {
    [ -d "$enter_state/secret" ] || mkdir "$enter_state/secret"
    secret_number=$((${secret_number:-0} + 1))
    mounted -t tmpfs -o nosuid,nodev,size=1m,mode=0700 tmpfs "$enter_state/secret"
    if [ "$1" = env ]; then
        eval "printf %s \"\$$2\""
    else
        cat "$2"
    fi >"$enter_state/secret/$secret_number" || refuse "the secret for $3 cannot be read"
    chown "$5" "$enter_state/secret/$secret_number" && chmod "$4" "$enter_state/secret/$secret_number"
    case $4 in *[1357]*) secret_exec='' ;; *) secret_exec=,noexec ;; esac
    place_bind "$enter_state/secret/$secret_number" "$3" "ro,nosuid,nodev$secret_exec"
}

# The devices are copied: $enter_devices has those of an earlier step, which is one process instead of twelve.
devices() {
    mounted -t tmpfs -o nosuid,strictatime,size=65536k,mode=755 tmpfs dev
    if [ -d "$enter_devices" ]; then cp -a "$enter_devices/." dev/ || refuse 'dev cannot be filled'; else new_devices; fi
    # the group tty is unknown to a user namespace of one id
    mount -n -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts 2>/dev/null ||
        mounted -t devpts -o newinstance,nosuid,noexec,ptmxmode=0666,mode=0620 devpts dev/pts
    mounted -t tmpfs -o nosuid,nodev,noexec,size=65536k,mode=1777 shm dev/shm
    mount -n -t mqueue -o nosuid,nodev,noexec mqueue dev/mqueue 2>/dev/null || chmod 1777 dev/mqueue
}

new_devices() {
    while read -r name major minor; do
        mknod -m 666 "dev/$name" c "$major" "$minor" 2>/dev/null || { : >"dev/$name" && bind "/dev/$name" "dev/$name" ''; }
    done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
    ln -s /proc/self/fd dev/fd && ln -s /proc/self/fd/0 dev/stdin
    ln -s /proc/self/fd/1 dev/stdout && ln -s /proc/self/fd/2 dev/stderr && ln -s pts/ptmx dev/ptmx
    mkdir dev/pts dev/shm dev/mqueue
    [ -z "$enter_devices" ] || [ ! -c dev/null ] || cp -a dev "$enter_devices" 2>/dev/null || rm -rf "$enter_devices"
}

# /sys as it is, read-only; a kernel that wants a network namespace of its own for a new one gives the machine's.
kernel() {
    mounted -t proc -o nosuid,nodev,noexec proc proc
    host_name || refuse 'the host name cannot be set: install hostname (or busybox)'
    sys=ro,
    [ "$enter_security" != insecure ] || sys=
    mount -n -t sysfs -o "${sys}nosuid,nodev,noexec" sysfs sys 2>/dev/null || machines_sys
    ! [ -d /sys/fs/cgroup ] || ! mount -n -o rbind /sys/fs/cgroup sys/fs/cgroup 2>/dev/null || [ -z "$sys" ] || groups
    [ "$enter_security" = insecure ] || covered
}

# In a user namespace what is mounted in it comes along: it may hide something.
machines_sys() {
    mount -n -o bind /sys sys 2>/dev/null || mounted -o rbind /sys sys
    mount -n -o "remount,bind,${sys}nosuid,nodev,noexec" sys 2>/dev/null || [ -z "$sys" ] ||
        mount -n -o "remount,bind,ro" sys 2>/dev/null || :
}

# In a user namespace the file is the machine's, and only the system call is allowed.
host_name() {
    { printf '%s\n' "$enter_host" >proc/sys/kernel/hostname; } 2>/dev/null || hostname "$enter_host" 2>/dev/null ||
        busybox hostname "$enter_host" 2>/dev/null
}

# The control groups, which may be one mount or one for each controller, read-only.
groups() {
    while read -r _ path _; do
        case $path in
        /sys/*) ;;
        */sys/fs/cgroup | */sys/fs/cgroup/*)
            mount -n -o remount,bind,ro,nosuid,nodev,noexec "sys/fs/cgroup${path##*/sys/fs/cgroup}" 2>/dev/null ;;
        esac
    done </proc/self/mounts
}

# What docker makes read-only and what it covers (runc's readonlyPaths and maskedPaths).
covered() {
    for path in bus fs irq sys sysrq-trigger; do
        [ ! -e "proc/$path" ] || bind "proc/$path" "proc/$path" ro,nosuid,nodev,noexec
    done
    for path in proc/asound proc/acpi proc/kcore proc/keys proc/latency_stats proc/timer_list proc/timer_stats \
        proc/sched_debug proc/scsi sys/firmware sys/devices/virtual/powercap; do
        if [ -d "$path" ]; then
            mounted -t tmpfs -o ro,size=4k,nr_inodes=1 tmpfs "$path"
        elif [ -e "$path" ]; then
            bind dev/null "$path" ''
        fi
    done
}

# network none: only lo, and it is up.
loopback() {
    ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || busybox ip link set lo up 2>/dev/null ||
        perl -e '$up = pack("a16sx14", "lo", 0x49); socket(S, 2, 2, 0) && ioctl(S, 0x8914, $up) or exit 1' 2>/dev/null ||
        refuse 'network none: a tool to start the loopback interface is missing here: install iproute2'
}

names() {
    inside /etc/hosts /etc/resolv.conf
    bind "$enter_state/hosts" ".$enter_hosts" ro,nosuid,nodev,noexec
    bind "$enter_state/resolv.conf" ".$enter_resolv" ro,nosuid,nodev,noexec
}

# uncovered PATH...: what the machine has mounted there would lie under our own, for /proc/mounts to show. (Where that is not
# allowed it stays.)
uncovered() {
    for path; do
        while umount -n -l "./$path" 2>/dev/null; do :; done
    done
}

# The root becomes the namespace's own root, on top of all: a command that gets out of its chroot finds itself there again.
namespace() {
    top=$enter_root
    [ -n "$top" ] || { top=$enter_state/top && mkdir -p "$top"; }
    mounted -o rbind "${enter_root:-/}" "$top"
    cd "$top" || refuse "cd $top"
    inside /dev /proc /sys /etc/hosts /etc/resolv.conf
    [ -n "$enter_root" ] || uncovered dev proc sys etc/hosts etc/resolv.conf etc/hostname
    devices
    kernel
    [ "$enter_network" != none ] || loopback
    names
    ! [ -s "$enter_state/mounts" ] || . "$enter_state/mounts"
    [ -z "$enter_shm" ] || place_tmpfs /dev/shm 1777 "$enter_shm" # whatever the RUN itself mounts there, as in BuildKit
    [ -d ".$enter_wd" ] || place directory "$enter_wd"
    inside "$enter_wd"
    mounted -o move "$top" /
}

# start --root DIR: the same places, but the machine's processes, names and terminal.
borrowed() {
    mounted -o rbind "$enter_root" "$enter_root"
    cd "$enter_root" || exit 1
    inside /dev /proc /sys /etc/hosts /etc/resolv.conf
    mkdir -p dev proc sys
    devices
    mount -n -o rbind /dev/pts dev/pts
    mounted -t proc -o nosuid,nodev,noexec proc proc
    bind /sys sys ro,nosuid,nodev,noexec
    for file in etc/hosts etc/resolv.conf; do
        ! [ -f "/$file" ] || ! [ -f "$file" ] || bind "/$file" "$file" ''
    done
    mounted -o move "$enter_root" /
}

# began FIELDS: prints when a process began, of proc(5)'s stat behind the name: its number may be another's by the time that one asks.
began() {
    fields=$1
    for behind in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do fields=${fields#* }; done
    echo "${fields%% *}"
}

# The number of this process as the script knows it, for the script to end it; and docker makes the pipes the user's: programs
# open /dev/stdout.
first_process() {
    umask 022
    number=$$ stat=''
    ! [ -r /proc/self/stat ] || read -r stat </proc/self/stat
    [ "$enter_mode" = plain ] || number=${stat%% *}
    [ -n "$number" ] || refuse 'there is no /proc here'
    began "${stat##*) }" >"$enter_state/born"
    echo "$number" >"$enter_state/pid"
    [ ! -s "$enter_state/interrupted" ] || exit 130
    [ "$enter_uid" = 0 ] || for descriptor in 0 1 2; do
        [ ! -p "/proc/$number/fd/$descriptor" ] || chown "$enter_uid" "/proc/$number/fd/$descriptor"
    done
    [ "$enter_mode" = plain ] || namespace
    : >"$enter_state/refused"
}

case $enter_mode in
start) borrowed ;;
*) first_process ;;
esac
exec "$@"
PROGRAM
}

program_entry() {
    cat <<'PROGRAM'
# A line of /etc/passwd or /etc/group as docker reads it: without the blanks around it; a field that is not there is empty. Numbers
# are those of number().
{ gsub(/^[ \t\r\v\f]+|[ \t\r\v\f]+$/, "") }
$0 == "" { next }
# number(TEXT): a number may have a sign and leading zeros (Go's Atoi); what is none is 0.
function number(text,    sign) {
    if (text !~ /^[-+]?[0-9]+$/) return "0"
    sign = text ~ /^-/ ? "-" : ""
    sub(/^[-+]?0*/, "", text)
    return text == "" ? "0" : sign text
}
PROGRAM
}

program_filter() {
    cat <<'PROGRAM'
# Which of the names (./name, one a line) the rules leave. A rule is +ERE (out) or -ERE (in again), the last match wins; one that
# matches a directory holds for what is below it, too. A rule that says what is the case already is not looked at, as docker
# does it: `-dir` holds for nothing in a dir that was not left out. The directories above something that stays, stay.
BEGIN {
    while ((getline line < ENVIRON["rules"]) > 0) {
        out[++rules] = substr(line, 1, 1) == "+"
        ere[rules] = bytes(substr(line, 2))
    }
}
# Sets `left_out`; a digit for each rule: does it match, here or above?
function hits(path, held,    i, hit, text) {
    left_out = 0
    text = ""
    for (i = 1; i <= rules; i++) {
        hit = substr(held, i, 1) == "1"
        if (!hit && out[i] != left_out) hit = path ~ ere[i]
        if (hit) left_out = out[i]
        text = text (hit ? "1" : "0")
    }
    return text
}
# The same for the directory that a path is in, each once.
function above(path) {
    if (!match(path, /\/[^\/]*$/)) return ""
    path = substr(path, 1, RSTART - 1)
    if (!(path in directory)) directory[path] = hits(path, above(path))
    return directory[path]
}
function keep(name) {
    while (!(name in kept)) {
        kept[name]
        if (!match(name, /\/[^\/]*$/)) return
        name = substr(name, 1, RSTART - 1)
    }
}
{
    name[NR] = $0
    path = ENVIRON["prefix"] substr($0, 3)
    hits(path, above(path))
    if (!left_out) keep($0)
}
END {
    for (i = 1; i <= NR; i++)
        if (name[i] in kept) print name[i]
}
PROGRAM
}

program_groups() {
    cat <<'PROGRAM'
# Sorted matches of a wildcard, put together where one tar can copy several: runs of files that have one name each, in one
# directory. Output, in order: `path PATH`, or `batch NUMBER DIRECTORY/` with the names in the file batch.NUMBER of the
# directory `into`. The file `plain` lists the files with one name (./name below `base`); without it nothing is put together.
function flush(    list, i) {
    if (count == 1) print "path " run[1]
    else if (count) {
        list = ENVIRON["into"] "/batch." ++batches
        for (i = 1; i <= count; i++) print "./" substr(run[i], length(parent) + 1) > list
        if (close(list)) lost = 1
        print "batch " batches " " parent
    }
    count = 0
}
BEGIN { while ((getline line < ENVIRON["plain"]) > 0) plain[ENVIRON["base"] substr(line, 3)] }
# BuildKit does not look into a directory that matches
matched != "" && index($0, matched "/") == 1 { next }
{
    matched = $0
    match($0, /[^\/]*$/)
    dir = substr($0, 1, RSTART - 1)
    if (!($0 in plain) || dir != parent) flush()
    if ($0 in plain) { parent = dir; run[++count] = $0 }
    else print "path " $0
}
END {
    flush()
    exit lost
}
PROGRAM
}

program_kind() {
    cat <<'PROGRAM'
# Prints, a NUL after each, those of the names that are of a kind: link, linked (a link that has several names), unlinked (all
# else), directory, private (a directory of mode 0700), huge (a file of 4 GB and more), or early and late (no newer, and newer, than the file REFERENCE; FIND-OPTION -L:
# what a link means, -P: the link itself).
#   sh -c "$(program_kind)" sh KIND NAME...
#   sh -c "$(program_kind)" sh early|late REFERENCE FIND-OPTION NAME...
kind=$1
shift
case $kind in
linked) exec find "$@" -prune -type l -links +1 -print0 ;;
unlinked) exec find "$@" -prune ! \( -type l -links +1 \) -print0 ;;
private) exec find "$@" -prune -type d -perm 0700 -print0 ;;
huge) exec find "$@" -prune -type f -size +4194303k -print0 ;;
early) reference=$1 option=$2 && shift 2 && exec find "$option" "$@" -prune ! -newer "$reference" -print0 ;;
late) reference=$1 option=$2 && shift 2 && exec find "$option" "$@" -prune -newer "$reference" -print0 ;;
esac
for name do
    if [ -L "$name" ]; then is='link'; elif [ -d "$name" ]; then is=directory; else is=other; fi
    [ "$is" != "$kind" ] || printf '%s\0' "$name" || exit 1
done
PROGRAM
}

program_leap() {
    cat <<'PROGRAM'
# ROOT DIRECTORY UID NAME=VALUE... -- COMMAND...: into the root and the directory, down to the user, the command.
my ($root, $directory, $uid) = splice @ARGV, 0, 3;
%ENV = ();
while ((my $pair = shift) ne '--') {
    my ($name, $value) = split /=/, $pair, 2;
    $ENV{$name} = $value;
}
(chroot $root and chdir $directory) or do { print STDERR "$directory: $!\n"; exit 1 };
($<, $>) = ($uid, $uid);
exec { $ARGV[0] } @ARGV or do { print STDERR "$ARGV[0]: $!\n"; exit($! == 2 ? 127 : 126) };
PROGRAM
}

program_links() {
    cat <<'PROGRAM'
# Gives the symbolic links NAME... of the current directory the times they have in SOURCE and their owners, or OWNER: busybox's
# cpio does neither.   sh -c "$(program_links)" sh SOURCE OWNER NAME...
source=$1 owner=$2
shift 2
for name do
    [ -L "$name" ] || continue
    chown -h "${owner:-$(stat -c %u:%g "$source/$name")}" "$name" || exit 1
    touch -h -d "@$(stat -c %Y "$source/$name")" "$name" || exit 1
done
PROGRAM
}

program_matches() {
    cat <<'PROGRAM'
# The names (./name, one a line) that match a wildcard, as base/name. The ERE sees the base too.
BEGIN { wanted = bytes(ENVIRON["ere"]) }
{
    path = ENVIRON["base"] substr($0, 3)
    if (path ~ wanted) print path
}
PROGRAM
}

program_probe() {
    cat <<'PROGRAM'
# sh -c PROGRAM sh DIR, in new namespaces: may we mount in them? Prints `once` where one call is enough for a read-only bind mount
# (util-linux has done the kernel's second call itself since 2.27; before, and in busybox, the mount is writable without a word).
mount -n -t tmpfs tmpfs "$1" && mkdir "$1/proc" && mount -n -t proc proc "$1/proc" || exit
mkdir "$1/bound"
! mount -n -o bind,ro "$1/bound" "$1/bound" || (: >"$1/bound/written") || echo once
PROGRAM
}

program_relink() {
    cat <<'PROGRAM'
# Makes the symbolic links NAME... of SOURCE anew in the current directory, each a link of its own, and the directories that they
# are in.   sh -c "$(program_relink)" sh SOURCE NAME...
source=$1
shift
for name do
    target=$(readlink -n "$source/$name" && echo .) && mkdir -p "${name%/*}" && ln -s "${target%.}" "$name" || exit 1
done
PROGRAM
}

program_row() {
    cat <<'PROGRAM'
# What `wanted` field stands in the first line of /etc/`table` whose `field` is `value` (entry.awk comes before this). To docker a line
# of the groups that begins with # is none.
function column(which) { return which == 3 || which == 4 ? number($which) : $which }
ENVIRON["table"] == "group" && /^#/ { next }
column(ENVIRON["field"]) "" == ENVIRON["value"] "" { print column(ENVIRON["wanted"]); exit }
PROGRAM
}

program_setmode() {
    cat <<'PROGRAM'
# New modes by a text like u=rwX,go=rX. Input: names; the file `modes`: "MODE TYPE" for each; output: files into/NEWMODE.
function bits(mode, mask,    result, bit) {
    result = 0
    for (bit = 1; bit < 4096; bit *= 2)
        if (int(mode / bit) % 2 && int(mask / bit) % 2) result += bit
    return result
}
function without(mode, mask) { return mode - bits(mode, mask) }
function with(mode, more) { return without(mode, more) + more }
function octal(text,    n, i) {
    n = 0
    for (i = 1; i <= length(text); i++) n = n * 8 + substr(text, i, 1)
    return n
}
# The bits that the classes of a clause stand for: 04700 02070 00007 and, for a, 06777.
function classes(text,    who, i, c) {
    who = 0
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        who = with(who, c == "u" ? 2496 : c == "g" ? 1080 : c == "o" ? 7 : 3583)
    }
    return who
}
function copied(mode, op, who, from,    value, each, i, shift) {
    value = int(mode / (from == "u" ? 64 : from == "g" ? 8 : 1)) % 8
    each = 0
    for (i = 1; i <= 64; i *= 8)
        if (!who || bits(who, 7 * i)) each += i
    if (op == "=") mode = without(mode, 7 * each)
    return op == "-" ? without(mode, value * each) : with(mode, value * each)
}
# one clause: WHO, then operators each with their letters; X looks at the mode before the first clause
function clause(mode, text, first, isdir,    who, op, i, c, perm, any, sets) {
    match(text, /^[ugoa]*/)
    who = RLENGTH ? classes(substr(text, 1, RLENGTH)) : 0
    text = substr(text, RLENGTH + 1)
    while (text != "") {
        op = substr(text, 1, 1)
        match(text, /^[-+=][rwxXstugo]*/)
        sets = substr(text, 2, RLENGTH - 1)
        text = substr(text, RLENGTH + 1)
        mode = applied(mode, op, sets, who, first, isdir)
    }
    return mode
}
function applied(mode, op, sets, who, first, isdir,    perm, mask, i, c, later) {
    perm = 0; later = ""
    mask = who ? who : 4095
    for (i = 1; i <= length(sets); i++) {
        c = substr(sets, i, 1)
        if (c == "r") perm = with(perm, 292)
        else if (c == "w") perm = with(perm, 146)
        else if (c == "x") perm = with(perm, 73)
        else if (c == "X") { if (isdir || bits(first, 73)) perm = with(perm, 73) }
        else if (c == "s") { if (!who || without(who, 7)) perm = with(perm, 3072) }
        else if (c == "t") { if (!who || without(who, 7)) { perm = with(perm, 512); mask = with(mask, 512) } }
        else later = later c
    }
    if (op == "=" && (later == "" || perm)) mode = without(mode, who ? who : 3583)
    mode = op == "-" ? without(mode, bits(perm, mask)) : with(mode, bits(perm, mask))
    for (i = 1; i <= length(later); i++) mode = copied(mode, op, who, substr(later, i, 1))
    return mode
}
BEGIN {
    n = split(ENVIRON["text"], clauses, ",")
    for (i = 1; i <= n; i++)
        if (clauses[i] !~ /^[ugoa]*([-+=][rwxXstugo]*)+$/) exit 1
}
{
    getline now < ENVIRON["modes"]
    if (!(now in known)) {
        first = octal(substr(now, 1, index(now, " ") - 1))
        isdir = now ~ / directory$/
        mode = first
        for (i = 1; i <= n; i++) mode = clause(mode, clauses[i], first, isdir)
        known[now] = sprintf("%04o", mode)
    }
    print > (ENVIRON["into"] "/" known[now])
}
PROGRAM
}

program_sockets() {
    cat <<'PROGRAM'
# Puts the sockets NAME... of SOURCE into the current directory.   sh -c "$(program_sockets)" sh OWNER SOURCE NAME...
# They arrive as empty regular files: of a context by docker's transfer, of a stage since fsutil gives mknod no type for them.
owner=$1 source=$2
shift 2
for name do
    from=$source/$name
    ! [ -L "$from" ] || from=$(readlink "$from")
    : >"$name" && touch -d "@$(stat -c %Y "$from")" "$name" || exit 1
    # the mode comes after the owner: a chown clears the s bits
    chown -h "${owner:-$(stat -c %u:%g "$from")}" "$name" || exit 1
    chmod "$(stat -c %a "$from")" "$name" || exit 1
done
PROGRAM
}

program_survey() {
    cat <<'PROGRAM'
# Looks at the names (./name) that are about to be put from SOURCE into the current directory.
#   sh -c "$(program_survey)" sh POLICY FOLLOW SOURCE SHOWN NAME...
# Prints, a NUL after each: on 1 what is in the way and has to go, on 3 what is to be put, on 4 the sockets, on 5 what of
# both is no symbolic link; on 6 a word if a new directory may be made in one with the setgid bit. POLICY replace lets everything go; else what docker refuses to replace is named on 2, in docker's
# words, as SHOWN/name. POLICY parents leaves directories alone that are there. FOLLOW is not empty when the names in SOURCE are
# only links to what will be put.
policy=$1 follow=$2 source=$3 shown=$4
shift 4

# list NUMBER: names the name there. A list that is cut off (a full disk) would leave it out.
list() {
    printf '%s\0' "$name" >&"$1" || exit 1
}

! [ -g . ] || echo setgid >&6
for name do
    dir='' link=''
    [ "$follow" ] || ! [ -L "$source/$name" ] || link=yes
    [ "$link" ] || ! [ -d "$source/$name" ] || dir=yes
    if [ -d "$name" ] && ! [ -L "$name" ]; then
        if [ "$dir" ]; then
            [ "$policy" != parents ] || continue
        else
            [ "$policy" = replace ] || printf 'cannot replace to directory %s with file\n' "$shown${name#.}" >&2
            list 1
        fi
    elif [ -e "$name" ] || [ -L "$name" ]; then
        [ -z "$dir" ] || [ "$policy" = replace ] || printf 'cannot copy to non-directory: %s\n' "$shown${name#.}" >&2
        list 1
    fi
    if [ -g "$name" ] || [ -g "$source/$name" ]; then [ -z "$dir" ] || echo setgid >&6; fi
    [ "$link" ] || list 5
    if [ -z "$link" ] && [ -S "$source/$name" ]; then list 4; else list 3; fi
done
PROGRAM
}

program_times() {
    cat <<'PROGRAM'
# Gives each name the time that it has in SOURCE; with -h a link its own.
#   sh -c "$(program_times)" sh SOURCE [-h] NAME...
source=$1
shift
link=
case $1 in -h) link=-h && shift ;; esac
for name do
    if [ -n "$link" ] && [ -L "$name" ]; then # busybox takes the time of what a link means
        touch -h -d "@$(stat -c %Y "$source/$name")" "$name" || exit
    else
        touch -r "$source/$name" "$name" || exit
    fi
done
PROGRAM
}

program_transferred() {
    cat <<'PROGRAM'
# Ends with 0 if one of the paths (one a line) matches one of the expressions in the file `needed`.
BEGIN { while ((getline line < ENVIRON["needed"]) > 0) wanted[++count] = bytes(line) }
{
    for (i = 1; i <= count; i++) if ($0 ~ wanted[i]) {
        found = 1
        exit
    }
}
END { exit !found }
PROGRAM
}

program_undo() {
    cat <<'PROGRAM'
# Taking back what a step had put into the root. The commands (undo_later) name paths of the machine that had no symbolic link
# on the way; a step may have put one there since, so each command goes to the directory first and looks where it is.

# at PATH: goes to the directory of PATH; `name` is the rest.
at() {
    parent=${1%/*} name=./${1##*/}
    cd "${parent:-/}" 2>/dev/null && [ "$(pwd -P)" = "${parent:-/}" ]
}

# stub PATH: a mount point that was made: away with it if nothing is in it. The directory keeps its time, as with BuildKit.
stub() (
    at "$1" || return 0
    touch -r . "$undo_state/time"
    if [ -L "$name" ]; then
        return
    elif [ -d "$name" ]; then
        rmdir "$name" 2>/dev/null
    elif [ -f "$name" ] && [ ! -s "$name" ]; then
        rm -f "$name"
    fi && touch -r "$undo_state/time" .
    :
)

# remove PATH
remove() (
    ! at "$1" || rm -rf "$name"
)

# back PATH FROM: what was there before. If something is there it has not gone (a killed script, a full disk).
back() (
    at "$1" || return
    [ -e "$name" ] || [ -L "$name" ] || mv "$2" "$name"
)

# store PATH PLACE: the content of a cache, if it has come.
store() (
    at "$1" && [ ! -L "$name" ] || return
    [ ! -e "$name" ] || { rm -rf "$2" && mv "$name" "$2"; }
)

undo_list=$1 undo_status=0
shift
. "$undo_list"
for undo_command; do
    eval "$undo_command" || undo_status=1
done
[ "$undo_status" -eq 0 ]
PROGRAM
}

program_whiteout() {
    cat <<'PROGRAM'
# sh -c PROGRAM sh ROOT ./PATH/.wh.NAME...: in the directory of an unpacked layer: takes from ROOT what the layer hides, and its
# marks from the layer. No symbolic link of ROOT is followed: a directory that is a link there has nothing that could be hidden.
into=$1
shift
for mark; do
    rm -rf "$mark"
    place=${mark%/*} name=${mark##*/.wh.}
    rest=${place#.}/ walked=$into
    while [ -n "$rest" ]; do
        walked=$walked/${rest%%/*} rest=${rest#*/}
        [ ! -L "$walked" ] || continue 2
    done
    case $name in
    .wh..opq) [ ! -d "$walked" ] || find "$walked" -mindepth 1 -maxdepth 1 -exec rm -rf {} + ;;
    .wh.*) ;;
    *) rm -rf "${walked:?}/$name" ;;
    esac
done
PROGRAM
}

main "$@"
