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

# git_clone URL: a checkout of it in $state/git/tree. docker leaves no .git of a subdirectory.
git_clone() {
    ! git_is_given || return 0
    command -v git >/dev/null || missing 'git, to fetch a repository with: install it'
    rm -rf "$state/git"
    mkdir "$state/git" "$state/git/none"
    git_agent "$1"
    if [ -n "$git_keep" ] && [ -z "$git_subdir" ]; then git_fetch_kept "$1"; else git_fetch "$1"; fi
    git_check_out "$1"
    git_subdir_is_there
}

# git_is_given: a program that runs the script where git may be missing has fetched it: the Nth repository of step S is in
# $DOCK2SH_FETCHED/S.N, as git_fill leaves it.
git_is_given() {
    [ -n "${DOCK2SH_FETCHED-}" ] || return 1
    [ "${git_given_step-}" = "${step_now-}" ] || git_given=0
    git_given_step=${step_now-} git_given=$((${git_given-0} + 1))
    [ -d "$DOCK2SH_FETCHED/$git_given_step.$git_given" ] || return 1
    rm -rf "$state/git"
    mkdir -p "$state/git/tree${git_subdir:+/$git_subdir}"
    cp -a "$DOCK2SH_FETCHED/$git_given_step.$git_given/." "$state/git/tree${git_subdir:+/$git_subdir}"
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

# git_agent URL: over ssh a repository is fetched with the keys of the agent that --ssh default hands on, and no others. A host that
# nobody knows yet is believed, as docker believes what it scans; of one that is known the key must be the same.
git_agent() {
    git_socket='' git_ssh='ssh -F /dev/null -o BatchMode=yes -o LogLevel=ERROR -o IdentityFile=/dev/null'
    git_ssh="$git_ssh -o StrictHostKeyChecking=accept-new -o 'UserKnownHostsFile=/dev/null ~/.ssh/known_hosts'"
    case $1 in
    ssh://*) ;;
    *://*) return 0 ;;
    *@*:*) ;;
    *) return 0 ;;
    esac
    git_socket=$(ssh_of default)
    [ -n "$git_socket" ] || fail "no SSH key \"default\" forwarded from the client: $1 is fetched over ssh, which needs --ssh default"
    command -v ssh >/dev/null || missing "ssh, to fetch $1 with: install it"
}

git_said() {
    tr -d '\r' <"$state/git/said"
}

# in_repository NAME WORD...: git in a repository of ours. No configuration of this machine's or its user's counts, and nothing ever
# asks for a password.
in_repository() {
    (
        # git rev-parse --local-env-vars, and more: a hook of git's sets them for its own repository
        unset GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_CONFIG GIT_CONFIG_PARAMETERS GIT_CONFIG_COUNT GIT_OBJECT_DIRECTORY GIT_DIR \
            GIT_WORK_TREE GIT_IMPLICIT_WORK_TREE GIT_GRAFT_FILE GIT_INDEX_FILE GIT_NO_REPLACE_OBJECTS GIT_REPLACE_REF_BASE \
            GIT_PREFIX GIT_INTERNAL_SUPER_PREFIX GIT_SHALLOW_FILE GIT_COMMON_DIR GIT_NAMESPACE GIT_TEMPLATE_DIR GIT_QUARANTINE_PATH
        umask 022
        git_place=$state/git/$1
        shift
        GIT_CEILING_DIRECTORIES=$state/git HOME=/dev/null XDG_CONFIG_HOME=/dev/null GIT_CONFIG_NOSYSTEM=1 \
            GIT_CONFIG_GLOBAL=/dev/null GIT_ATTR_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0 \
            GIT_ASKPASS=true SSH_ASKPASS=true GIT_SSH_COMMAND=$git_ssh SSH_AUTH_SOCK=$git_socket \
            git -c advice.detachedHead=false -c init.defaultBranch=master -C "$git_place" "$@" </dev/null
    )
}

in_checkout() {
    in_repository tree "$@"
}

# --fetch-by-commit takes what --checksum names, wherever the reference is by now.
# A whole commit id may be of no branch's tip: then everything is fetched, if the server does not give it by itself.
git_fetch() {
    { mkdir "$state/git/tree" && git_begin tree "$1"; } || fail "$1 cannot be fetched"
    git_want=${git_ref:-HEAD}
    [ -z "$git_exact" ] || git_want=${git_commit:-$git_want}
    case $git_want in -*) fail "repository does not contain ref $git_want" ;; esac
    ! git_fetch_want || return 0
    ! { git_is_sha256 "$1" && git_begin tree "$1" --object-format=sha256 && git_fetch_want; } || return 0
    git_not_fetched "$1" "$git_want"
}

# git_begin NAME URL OPTION...: an empty repository.
git_begin() {
    git_place=$1 git_url=$2
    shift 2
    rm -rf "$state/git/${git_place:?}/.git"
    in_repository "$git_place" init -q "$@" && in_repository "$git_place" remote add origin "$git_url"
}

git_fetch_want() {
    git_fetch_ref "$git_want" 2>"$state/git/said" && git_want=FETCH_HEAD && return
    is_commit "$git_want" && in_checkout fetch -q --tags origin 2>>"$state/git/said"
}

# git_is_sha256 URL: are its names of the longer kind? A repository of the other kind cannot fetch them, nor ask for them, so this is
# asked where none is.
git_is_sha256() {
    git_name=$(in_repository none ls-remote "$1" 2>/dev/null | head -n 1 | cut -f 1)
    [ "${#git_name}" -eq 64 ]
}

# A server of files only ("dumb" http) gives no part of a history: then docker takes all of it.
git_fetch_ref() {
    in_checkout fetch -q --depth=1 origin "$1" && return
    grep -q 'not support shallow' "$state/git/said" && in_checkout fetch -q origin "$1"
}

# git_fetch_kept URL: for a .git that is kept, in docker's two steps: into a bare repository, where the reference becomes a tag, and
# out of that into the checkout. So the checkout has the branch and the tag that docker's has.
git_fetch_kept() {
    mkdir "$state/git/tree" "$state/git/bare"
    [ -n "$git_ref" ] || git_default_branch "$1"
    case $git_ref in -*) fail "repository does not contain ref $git_ref" ;; esac
    git_format=''
    ! git_is_sha256 "$1" || git_format=--object-format=sha256
    git_begin bare "$1" --bare ${git_format:+"$git_format"} || fail "$1 cannot be fetched"
    git_fetch_bare 2>"$state/git/said" || git_not_fetched "$1" "$git_ref"
    git_begin tree "file://$state/git/bare" ${git_format:+"$git_format"} || fail "$1 cannot be fetched"
    git_want=FETCH_HEAD
    in_checkout fetch -q -u --depth=1 -- origin "$(git_kept_ref)" 2>"$state/git/said" || git_not_fetched "$1" "$git_ref"
}

git_default_branch() {
    in_repository none ls-remote --symref "$1" HEAD >"$state/git/heads" 2>"$state/git/said" || git_not_fetched "$1" HEAD
    git_ref=$(sed -n 's|^ref: refs/heads/\([^[:space:]]*\)[[:space:]]*HEAD$|\1|p' "$state/git/heads" | head -n 1)
    [ -n "$git_ref" ] || fail "could not find default branch for repository: $1"
}

git_fetch_bare() {
    if [ -n "$git_exact" ] && [ -n "$git_commit" ]; then
        in_repository bare fetch -q --depth=1 --no-tags origin --force -- "$git_commit:tags/$git_ref"
    elif is_commit "$git_ref"; then
        in_repository bare fetch -q --tags origin "$git_ref" || in_repository bare fetch -q --tags origin
    else
        git_as_tag=tags/${git_ref#refs/tags/}
        in_repository bare fetch -q --depth=1 --no-tags origin --force -- "$git_ref:$git_as_tag" && return
        grep -q 'not support shallow' "$state/git/said" &&
            in_repository bare fetch -q --no-tags origin --force -- "$git_ref:$git_as_tag"
    fi
}

# What the checkout takes of the bare repository. An annotated tag stays one.
git_kept_ref() {
    if [ "$(in_repository bare cat-file -t "$git_ref")" = tag ]; then
        printf '%s:refs/tags/%s' "$git_ref" "${git_ref#refs/tags/}"
    elif [ -n "$git_exact" ] && [ -n "$git_commit" ]; then
        printf '%s:%s' "$git_commit" "$git_ref"
    elif is_commit "$git_ref"; then
        in_repository bare update-ref refs/buildkit/kept "$git_ref" && printf refs/buildkit/kept
    else
        printf '%s:%s' "$git_ref" "$git_ref"
    fi
}

is_commit() {
    case $1 in
    *[!0-9a-f]*) return 1 ;;
    esac
    [ ${#1} -eq 40 ] || [ ${#1} -eq 64 ]
}

# git_not_fetched URL REF: ends with what git has said.
git_not_fetched() {
    case $(git_said) in
    *"couldn't find remote ref"*) fail "repository does not contain ref $2" ;;
    esac
    fail "$1 cannot be fetched: $(git_said)"
}

git_check_out() {
    in_checkout checkout -q "$git_want" || fail "repository does not contain ref $git_want"
    git_verify
    ${fetch_after:-:} "$1"
    fetch_after=''
    [ -z "$git_keep" ] || git_as_cloned "$1"
    [ -z "$git_submodules" ] || git_fetch_submodules
    if [ -n "$git_times" ]; then
        git_seconds=$(in_checkout log -1 --format=%ct) && find "$state/git/tree" -exec touch -h -d "@$git_seconds" {} +
    fi
    [ -n "$git_keep" ] || rm -rf "$state/git/tree/.git"
}

# git_as_cloned URL: nothing in a kept .git tells of how it came about.
git_as_cloned() {
    { in_checkout remote set-url origin "$1" && in_checkout reflog expire --all --expire=now; } || fail "$1 cannot be kept"
    rm -f "$state/git/tree/.git/FETCH_HEAD"
}

git_fetch_submodules() {
    in_checkout submodule --quiet update --init --recursive --depth=1 2>"$state/git/said" && return
    grep -q 'not support shallow' "$state/git/said" &&
        in_checkout submodule --quiet update --init --recursive 2>"$state/git/said" && return
    fail "a submodule cannot be fetched: $(git_said)"
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
