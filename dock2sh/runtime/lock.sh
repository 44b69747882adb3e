# A lock: what an earlier build got, asked for again without a change to the text of a RUN. The top half has the data:
#
#   lock_data N    prints what the lock holds for step N, a thing a line, the first word tells what it is (docs/lock.md)
#   lock_text N    prints the content of file N of it
#   lock_mode      strict: exactly that, or stop; prefer: that, and a word on whatever is otherwise
#   lock_records   a directory, where what a step gets is noted (`dock2sh lock` alone sets it)
#   lock_keep      ... and the files are kept there, too
#   lock_vendor    a directory of the machine that has some of the files (--vendor): debs/, with a list for apt, pip/, and files/,
#                  by their SHA-256
#
# A step sees it in /dev/dock2sh: programs (programs/lock_*.sh) that stand before curl, wget and git in PATH and behind apt.

# lock_vendor_has NAME: was it kept?
lock_vendor_has() {
    [ -n "${lock_vendor-}" ] && [ -e "$lock_vendor/$1" ]
}

# locked: the next RUN gets what the lock holds for it.
locked() {
    dry || ! wanted || lock_installed >"$state/installed"
    run_placer=lock_place run_after=lock_after
}

# locked_add [sha256:HEX|COMMIT]: what the next ADD of a URL fetches was that, and is noted where things are noted.
locked_add() {
    fetch_after=lock_fetched lock_fetch=${1-}
    [ -z "$lock_fetch" ] || ! lock_vendor_has "files/${lock_fetch#*:}" || fetch_instead=lock_fetch_kept
    : "$fetch_after${fetch_instead-}"
}

# locked_context NAME [COMMIT]: the repository that is fetched next for this named context had that commit, and is noted as above.
locked_context() {
    fetch_after=lock_context lock_named=$1 lock_fetch=${2-}
    : "$fetch_after$lock_named"
}

# lock_context URL: it is checked out in $state/git/tree.
lock_context() {
    lock_got=$(in_checkout rev-parse HEAD)
    [ -z "$lock_fetch" ] || [ "$lock_fetch" = "$lock_got" ] ||
        lock_deviates "the context $lock_named ($1) is not what was locked ($lock_got, locked is $lock_fetch)"
    [ -z "${lock_records-}" ] || printf '%s\n' "context $lock_named $1 ${git_ref:-HEAD} $lock_got" >>"$lock_records/contexts"
}

lock_place() {
    mounts_place
    lock_home=$state/locked
    lock_begin
    lock_base
    lock_apt
    lock_pip
    lock_files
    lock_environment
    lock_put
}

# lock_begin: $lock_home as the step will see it; `step` in it is the step's to write.
lock_begin() {
    rm -rf "$lock_home"
    mkdir -p "$lock_home/step/bin"
    [ -z "${lock_keep-}" ] || mkdir -m 1777 "$lock_home/step/files" "$lock_home/step/debs"
    lock_data "$step_number" >"$lock_home/lock"
    lock_earlier=$(sed -n 's/^after //p' "$lock_home/lock")
    printf '%s\n' "lock_mode=$lock_mode" "lock_records=${lock_records:+yes}" >"$lock_home/settings"
    program_lock_common >"$lock_home/common"
    program_lock_shims >"$lock_home/shims"
    program_lock_debs >"$lock_home/debs"
    program_lock_lists >"$lock_home/lists"
    program_lock_curl >"$lock_home/curl"
    program_lock_wget >"$lock_home/wget"
    program_lock_git >"$lock_home/git"
    program_lock_apk >"$lock_home/apk"
    program_lock_rpm >"$lock_home/rpm"
    program_lock_rpms >"$lock_home/rpms"
    program_installed >"$lock_home/installed"
    program_lock_noted >"$lock_home/noted"
    program_lock_python >"$lock_home/python"
    : >"$lock_home/step/records" && : >"$lock_home/step/refused" && : >"$lock_home/step/pip.log"
    chmod 0755 "$lock_home" "$lock_home"/*
    chmod 1777 "$lock_home/step"
    chmod 0666 "$lock_home"/step/records "$lock_home"/step/refused "$lock_home"/step/pip.log
    lock_stand_ins
}

# lock_stand_ins: for the tools that the root has now; programs/lock_shims.sh does it again in the step.
lock_stand_ins() {
    lock_tools=$(sed -n "/^tools=/,/'\$/p" "$lock_home/common" | tr -d \' | sed 's/^tools=//')
    for lock_tool in $lock_tools; do
        ! lock_has_tool "${lock_tool%%=*}" ||
            ln -s "/dev/dock2sh/${lock_tool#*=}" "$lock_home/step/bin/${lock_tool%%=*}"
    done
}

# lock_has_tool NAME: is it in the root, where the step's PATH (`lock_path`) leads?
lock_has_tool() {
    env_value PATH
    lock_path=${env_found#PATH=}
    lock_path=${lock_path:-$default_path}
    lock_rest=$lock_path:
    while [ -n "$lock_rest" ]; do
        resolve "${lock_rest%%:*}"
        lock_rest=${lock_rest#*:}
        ! [ -f "$root$resolved/$1" ] && ! [ -L "$root$resolved/$1" ] || return 0
    done
    return 1
}

# lock_all: prints the data of the step and of those that its root has behind it.
lock_all() {
    cat "$lock_home/lock"
    for lock_step in $lock_earlier; do
        lock_data "$lock_step"
    done
}

# lock_base: the first step of a stage that has something to lock: is the base the one that was locked?
lock_base() {
    lock_print=$(sha256sum <"$state/installed")
    lock_print=${lock_print%% *}
    [ -z "${lock_records-}" ] || printf 'base %s\n' "$lock_print" >>"$lock_home/step/records"
    lock_line=$(sed -n 's/^base //p' "$lock_home/lock")
    [ -n "$lock_line" ] && [ "${lock_line#* }" != "$lock_print" ] || return 0
    lock_base_differs "${lock_line% *}"
}

# lock_base_differs IMAGE
lock_base_differs() {
    lock_deviates "the packages of $1 here are not those that were locked (a newer image? a machine that has been in use?)"
}

# lock_deviates TEXT...: strict stops here, prefer says it.
lock_deviates() {
    [ "$lock_mode" = prefer ] || fail "$*. dock2sh.lock is strict: lock again (dock2sh lock), or take --lock prefer"
    warn "$* (dock2sh.lock is only preferred)"
}

# lock_apt: what apt reads besides its own configuration: which versions it prefers, who looks at packages before they are
# unpacked, and archives that keep old versions. The last are a file in the root, for the time of the step, since apt has
# one list of sources that is the image's. A package that may move has a row of its own, or else that of the old archive's host
# would hold it (apt_preferences(5): a row for a package goes before one for all).
lock_apt() {
    resolve /etc/apt
    [ -d "$root$resolved" ] || return 0
    lock_priority=1001
    [ "$lock_mode" = strict ] || lock_priority=990
    {
        lock_all | awk -v priority="$lock_priority" '
            $1 == "deb" && !seen[$2 $3]++ { print "Package: " $2 ($3 == "all" ? "" : " " $2 ":" $3)
                print "Pin: version " $4 "\nPin-Priority: " ($4 == "*" ? 500 : priority) "\n" }
            $1 == "origin" && !seen[$2]++ { print "Package: *\nPin: origin \"" $2 "\"\nPin-Priority: 989\n" }'
        resolve /etc/apt/preferences
        [ ! -f "$root$resolved" ] || cat "$root$resolved"
    } >"$lock_home/preferences"
    {
        ! env_has APT_CONFIG || printf '#include "%s";\n' "${env_found#APT_CONFIG=}"
        cat <<'CONF'
Dir::Etc::Preferences "/dev/dock2sh/preferences";
DPkg::Pre-Install-Pkgs { "sh /dev/dock2sh/debs"; };
DPkg::Post-Invoke { "sh /dev/dock2sh/shims"; };
APT::Update::Post-Invoke { "sh /dev/dock2sh/lists"; };
CONF
    } >"$lock_home/apt.conf"
    lock_sources
}

lock_sources() {
    resolve /etc/apt/sources.list.d
    lock_list=$root$resolved/zz-dock2sh-lock.list
    [ -d "$root$resolved" ] && [ ! -L "$lock_list" ] || return 0
    lock_all | sed -n 's/^source //p' | awk '!seen[$0]++' >"$lock_home/sources"
    ! lock_vendor_has debs/Packages ||
        echo 'deb [trusted=yes] file:/dev/dock2sh/vendor/debs ./' >>"$lock_home/sources"
    [ -s "$lock_home/sources" ] || return 0
    undo_later remove "$lock_list"
    touch -r "$root$resolved" "$state/time"
    cat "$lock_home/sources" >"$lock_list" && touch -r "$state/time" "$root$resolved"
}

# lock_pip: versions; what pip has fetched is compared when the step has ended. Digests in these constraints (`demo==1.1
# --hash=sha256:...`) put pip into the mode of --require-hashes: 20.3, 22.3, 23.0, 23.3, 24.0, 25.0, 25.1, 25.3 and 26.0 then refuse
# `pip install demo` and `-r` though it all is right ("all requirements must have their versions pinned"), 26.3 takes both, and none
# takes `pip install .` ("can't verify hashes for these file:// requirements"). A constraint that is a URL with #sha256= would be
# compared in time, but is written into the image (direct_url.json).
lock_pip() {
    sed -n 's/^constraint //p' "$lock_home/lock" >"$lock_home/constraints"
}

# lock_files: files that the step made when it was locked, and that steer what it gets (package-lock.json). Where the step makes the
# directory itself, programs/lock_noted.sh puts them there.
lock_files() {
    sed -n 's/^file //p' "$lock_home/lock" >"$lock_home/files"
    while read -r lock_number lock_file; do
        lock_text "$lock_number" >"$lock_home/text.$lock_number" && chmod 0644 "$lock_home/text.$lock_number"
        resolve "$lock_file"
        lock_to=$root$resolved
        if [ ! -d "${lock_to%/*}" ] || [ -e "$lock_to" ]; then continue; fi
        cat "$lock_home/text.$lock_number" >"$lock_to"
    done <"$lock_home/files"
}

# lock_put: /dev/dock2sh of the step.
lock_put() {
    place_point /dev/dock2sh directory
    if [ "$mode" = plain ]; then
        [ -z "${lock_vendor-}" ] || cp -R "$lock_vendor" "$lock_home/vendor"
        swap_cache "$lock_home" "$place"
        return
    fi
    mkdir "$lock_home/vendor"
    mount_word place_bind "$lock_home" "$place" ro
    mount_word place_bind "$lock_home/step" "$place/step" ''
    [ -z "${lock_vendor-}" ] || mount_word place_bind "$lock_vendor" "$place/vendor" ro
}

lock_environment() {
    set -- "PATH=/dev/dock2sh/step/bin:$lock_path"
    [ ! -f "$lock_home/apt.conf" ] || set -- "$@" APT_CONFIG=/dev/dock2sh/apt.conf
    if [ -s "$lock_home/constraints" ]; then
        ! env_has_text PIP_CONSTRAINT || lock_theirs=${env_found#PIP_CONSTRAINT=}
        set -- "$@" "PIP_CONSTRAINT=${lock_theirs:+$lock_theirs }/dev/dock2sh/constraints"
    fi
    env_has PIP_LOG || set -- "$@" PIP_LOG=/dev/dock2sh/step/pip.log
    env_has PIP_REPORT || set -- "$@" PIP_REPORT=/dev/dock2sh/step/report.0
    ! lock_vendor_has pip || set -- "$@" PIP_NO_INDEX=1 PIP_FIND_LINKS=/dev/dock2sh/vendor/pip
    run_more="$run_more $(quote "$@")"
}

# lock_after: the step has ended. What its stand-ins refused is why it failed; else what it got is noted or compared.
lock_after() {
    lock_step_is_ours || fail 'the step has put something else in the place of /dev/dock2sh: what it got cannot be told'
    [ -z "${lock_records-}" ] || lock_note
    lock_deviations "$lock_home/step/refused"
    if [ "$run_status" -eq 0 ]; then lock_compare; else lock_conflicts; fi >"$state/deviations"
    lock_deviations "$state/deviations"
}

# lock_deviations FILE: a line for each. strict stops for the first, and names five.
lock_deviations() {
    if [ ! -s "$1" ]; then return; fi
    [ "$lock_mode" = prefer ] || lock_deviates "$(LC_ALL=C awk 'NR <= 5 { all = all (all == "" ? "" : "; ") $0 }
        END { print all (NR > 5 ? "; and " (NR - 5) " more" : "") }' "$1")"
    while read -r lock_line; do
        lock_deviates "$lock_line"
    done <"$1"
}

# lock_step_is_ours: the step may have written anything there: nothing is read through a link.
lock_step_is_ours() {
    [ -d "$lock_home/step" ] && [ ! -L "$lock_home/step" ] || return 1
    for lock_file in records refused pip.log; do
        [ -f "$lock_home/step/$lock_file" ] && [ ! -L "$lock_home/step/$lock_file" ] || return 1
    done
}

# lock_fetched_by_pip: prints `fetched FILE SHA256`.
lock_fetched_by_pip() {
    for lock_file in "$lock_home/step/pip.log" "$lock_home"/step/report.*; do
        ! { [ -f "$lock_file" ] && [ ! -L "$lock_file" ]; } || cat "$lock_file"
    done | LC_ALL=C awk "$(program_lock_pip)"
}

# lock_note: what the step got, for `dock2sh lock`.
lock_note() {
    lock_to=$lock_records/$step_number
    mkdir -p "$lock_to"
    lock_installed >"$lock_to/after"
    cat "$state/installed" >"$lock_to/before"
    cat "$lock_home/step/records" >"$lock_to/records"
    [ ! -d "$state/rpms" ] || lock_has_tool rpm || echo 'unlocked rpm' >>"$lock_to/records"
    lock_fetched_by_pip >>"$lock_to/records"
    [ -z "${lock_keep-}" ] || lock_keep_files
}

# lock_keep_files: as the step's stand-ins and apt's hook have put them aside. What is a link there is none of ours.
lock_keep_files() {
    mkdir -p "$lock_records/kept/files" "$lock_records/kept/debs"
    for lock_file in "$lock_home"/step/files/* "$lock_home"/step/debs/*; do
        if [ ! -f "$lock_file" ] || [ -L "$lock_file" ] || [ -L "${lock_file%/*}" ]; then continue; fi
        lock_to=${lock_file#"$lock_home/step/"}
        case ${lock_to#*/} in
        Packages) cat "$lock_file" >>"$lock_records/kept/debs/Packages" ;;
        *) cp -p "$lock_file" "$lock_records/kept/$lock_to" ;;
        esac
    done
}

# lock_fetch_kept URL FILE: instead of url_fetch.
lock_fetch_kept() {
    cp "$lock_vendor/files/${lock_fetch#*:}" "$2" || fail "$lock_vendor/files/${lock_fetch#*:} cannot be read"
    url_time=$(stat -c %Y "$lock_vendor/files/${lock_fetch#*:}")
}

# lock_fetched URL: an ADD has it in $state/url/file, or checked out in $state/git/tree; nothing has landed yet.
lock_fetched() {
    if [ -f "$state/url/file" ]; then
        lock_sum=$(sha256sum <"$state/url/file")
        lock_got=sha256:${lock_sum%% *} lock_line="add $1 ${lock_sum%% *} $(wc -c <"$state/url/file" | tr -d ' ')"
    else
        lock_got=$(in_checkout rev-parse HEAD) lock_line="addgit $1 ${git_ref:-HEAD} $lock_got"
    fi
    [ -z "$lock_fetch" ] || [ "$lock_fetch" = "$lock_got" ] ||
        lock_deviates "$1 is not what was locked ($lock_got, locked is $lock_fetch)"
    [ -n "${lock_records-}" ] || return 0
    mkdir -p "$lock_records/$step_number"
    printf '%s\n' "$lock_line" >>"$lock_records/$step_number/records"
    [ -n "${lock_keep-}" ] && [ -f "$state/url/file" ] || return 0
    mkdir -p "$lock_records/kept/files"
    cp "$state/url/file" "$lock_records/kept/files/${lock_got#*:}"
    touch -d "@$url_time" "$lock_records/kept/files/${lock_got#*:}"
}
