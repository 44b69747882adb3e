# ADD of a git repository.

# add_git [--chown= --chmod= --link --exclude= --checksum=COMMIT --ref= --subdir= --keep-git-dir --submodules=false
# --mtime=commit --fetch-by-commit]... URL DEST: the contents of a checkout, root's, 0644 and 0755.
add_git() {
    wanted || return 0
    git_none
    placement_none
    while git_option "$1"; do shift; done
    [ "$1" != -- ] || shift
    ! dry || { say "git clone $(quote "$1") ${git_ref:+at $(quote "$git_ref") }into $(quote "$2")"; return 0; }
    git_clone "$1"
    source_kind=context source_root=$state/git/tree${git_subdir:+/$git_subdir} source_rules=''
    placement_begin
    git_put "$2"
    placement_end
    rm -rf "$state/git"
}

# git_fill [OPTION]... URL DIR: what a named context is that is a repository (git_context). Its own .dockerignore does not count.
git_fill() {
    git_none
    while git_option "$1"; do shift; done
    git_clone "$1"
    copy_root "$state/git/tree${git_subdir:+/$git_subdir}" "$2"
    rm -rf "$state/git"
}

git_none() {
    git_ref='' git_subdir='' git_commit='' git_exact='' git_keep='' git_submodules=yes git_times=''
}

# git_clone URL: a checkout of it in $state/git/tree.
git_clone() {
    command -v git >/dev/null || missing 'git, to fetch a repository with: install it'
    rm -rf "$state/git"
    mkdir "$state/git"
    git_fetch "$1"
    git_check_out "$1"
    git_subdir_is_there
}

# git_put DEST: no link of a repository is followed. A DEST that is not there, and has no slash behind it, is one of the things
# that are copied, for --chmod.
git_put() {
    resolve "$1"
    case $1 in
    */) git_new='' ;;
    *) git_new=$resolved ;;
    esac
    ! [ -e "$root$resolved" ] || git_new=''
    put_contents / "$1"
    [ -n "$git_new" ] || return 0
    chmod 0755 "$root$git_new"
    printf './%s\0' "${git_new##*/}" >"$state/list"
    change_modes "$root${git_new%/*}/" "$state/list" "$chmod_spec"
}

git_option() {
    case $1 in
    --ref=*) git_ref=${1#*=} ;;
    --subdir=*) clean_path "${1#*=}" && git_subdir=${cleaned#/} ;;
    --checksum=*) git_commit=${1#*=} ;;
    --keep-git-dir | --keep-git-dir=true) git_keep=yes ;;
    --keep-git-dir=false | --submodules=true | --mtime=checkout) ;;
    --fetch-by-commit) git_exact=yes ;;
    --submodules=false) git_submodules='' ;;
    --mtime=commit) git_times=yes ;;
    *) placement_option "$1" ;;
    esac
}

# git in the checkout. No configuration of this machine's or its user's counts, and nothing ever asks for a password.
in_checkout() {
    (
        unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_CONFIG_PARAMETERS
        umask 022
        GIT_CEILING_DIRECTORIES=$state/git HOME=/dev/null XDG_CONFIG_HOME=/dev/null GIT_CONFIG_NOSYSTEM=1 \
            GIT_CONFIG_GLOBAL=/dev/null GIT_TERMINAL_PROMPT=0 \
            GIT_ASKPASS=true SSH_ASKPASS=true GIT_SSH_COMMAND=${GIT_SSH_COMMAND:-ssh -o BatchMode=yes} \
            git -c advice.detachedHead=false -C "$state/git/tree" "$@" </dev/null
    )
}

# --fetch-by-commit takes what --checksum names, wherever the reference is by now.
# A whole commit id may be of no branch's tip: then everything is fetched, if the server does not give it by itself.
git_fetch() {
    { mkdir "$state/git/tree" && git_begin "$1"; } || fail "$1 cannot be fetched"
    git_want=${git_ref:-HEAD}
    [ -z "$git_exact" ] || git_want=${git_commit:-$git_want}
    case $git_want in -*) fail "repository does not contain ref $git_want" ;; esac
    ! git_fetch_want || return 0
    ! { git_is_sha256 "$1" && git_begin "$1" --object-format=sha256 && git_fetch_want; } || return 0
    case $(cat "$state/git/said") in
    *"couldn't find remote ref"*) fail "repository does not contain ref $git_want" ;;
    esac
    fail "$1 cannot be fetched: $(cat "$state/git/said")"
}

# git_begin URL OPTION...
git_begin() {
    git_url=$1
    shift
    rm -rf "$state/git/tree/.git"
    in_checkout init -q "$@" && in_checkout remote add origin "$git_url"
}

git_fetch_want() {
    git_fetch_ref "$git_want" 2>"$state/git/said" && git_want=FETCH_HEAD && return
    case $git_want in
    *[!0-9a-f]*) return 1 ;;
    esac
    { [ "${#git_want}" -eq 40 ] || [ "${#git_want}" -eq 64 ]; } && in_checkout fetch -q --tags origin 2>>"$state/git/said"
}

# git_is_sha256 URL: are its names of the longer kind? A repository of the other kind cannot fetch them, nor ask for them.
git_is_sha256() {
    rm -rf "$state/git/tree/.git"
    git_name=$(in_checkout ls-remote "$1" 2>/dev/null | head -n 1 | cut -f 1)
    [ "${#git_name}" -eq 64 ]
}

# A server of files only ("dumb" http) gives no part of a history: then docker takes all of it.
git_fetch_ref() {
    in_checkout fetch -q --depth=1 origin "$1" && return
    grep -q 'not support shallow' "$state/git/said" && in_checkout fetch -q origin "$1"
}

git_check_out() {
    in_checkout checkout -q "$git_want" || fail "repository does not contain ref $git_want"
    git_verify
    ${fetch_after:-:} "$1"
    fetch_after=''
    [ -z "$git_submodules" ] || git_fetch_submodules
    if [ -n "$git_times" ]; then
        git_seconds=$(in_checkout log -1 --format=%ct) && find "$state/git/tree" -exec touch -h -d "@$git_seconds" {} +
    fi
    if [ -n "$git_keep" ]; then rm -f "$state/git/tree/.git/FETCH_HEAD"; else rm -rf "$state/git/tree/.git"; fi
}

git_fetch_submodules() {
    in_checkout submodule --quiet update --init --recursive --depth=1 2>"$state/git/said" && return
    grep -q 'not support shallow' "$state/git/said" &&
        in_checkout submodule --quiet update --init --recursive 2>"$state/git/said" && return
    fail "a submodule cannot be fetched: $(cat "$state/git/said")"
}

# --checksum names the commit, or the tag object, or how one of them begins.
git_verify() {
    [ -n "$git_commit" ] || return 0
    git_is=$(in_checkout rev-parse HEAD)
    git_tag=$(in_checkout rev-parse "$git_want")
    case "$git_is $git_tag" in
    "$git_commit"* | *" $git_commit"*) ;;
    *) fail "expected checksum to match $git_commit, got $git_is" ;;
    esac
}

# No part of the subdirectory may be a symbolic link, as in docker.
git_subdir_is_there() {
    [ -n "$git_subdir" ] || return 0
    { resolve_in "$state/git/tree" "$git_subdir" && [ "$resolved" = "/$git_subdir" ] && [ -d "$state/git/tree/$git_subdir" ]; } ||
        fail "invalid subdir /$git_subdir: no such directory in the repository"
}
