# What the programs of a lock share inside a step.
lock=/dev/dock2sh
tools='pip=python pip3=python pip3.8=python pip3.9=python pip3.10=python pip3.11=python pip3.12=python pip3.13=python pip3.14=python
curl=curl wget=wget git=git apk=apk dnf=rpm dnf5=rpm yum=rpm microdnf=rpm zypper=rpm npm=noted yarn=noted
pnpm=noted go=noted cargo=noted gem=noted bundle=noted composer=noted mvn=noted gradle=noted conda=noted rustup=noted
uv=noted poetry=noted pdm=noted pipenv=noted pipx=noted mamba=noted micromamba=noted bun=noted deno=noted dotnet=noted cpanm=noted'
. "$lock/settings"

# real NAME: sets `real` to the program behind the stand-in; without one this ends as a shell would.
real() {
    real_path=$PATH:
    while [ -n "$real_path" ]; do
        real=${real_path%%:*}/$1 real_path=${real_path#*:}
        case $real in "$lock"/*) continue ;; esac
        ! { [ -f "$real" ] && [ -x "$real" ]; } || return 0
    done
    printf '%s: not found\n' "$1" >&2
    exit 127
}

# tidy URL: sets `tidy` to what a lock calls it: no password in it, nothing that looks like a key.
tidy() {
    tidy=$1
    case $tidy in *://*@*)
        tidy_rest=${tidy#*://}
        case ${tidy_rest%%/*} in *@*) tidy=${tidy%%://*}://${tidy_rest#*@} ;; esac ;;
    esac
    case $tidy in *\?*[Tt][Oo][Kk][Ee][Nn]* | *\?*[Ss][Ii][Gg]* | *\?*[Kk][Ee][Yy]* | *\?*[Ss][Ee][Cc][Rr][Ee][Tt]* | *\?*[Pp][Aa][Ss][Ss]*)
        tidy=${tidy%%\?*} ;;
    esac
    tidy=${tidy%%#*}
    case $tidy in
    *://*) ;;
    *) tidy=http://$tidy ;; # as curl and wget read it
    esac
}

# held KIND NAME WORD: sets `held` to the rest of the lock's line for it.
held() {
    held=
    while read -r held_kind held_name held_rest; do
        [ "$held_kind $held_name" = "$1 $2" ] || continue
        held=$held_rest
        return 0
    done <"$lock/lock"
    return 1
}

note() {
    [ -z "$lock_records" ] || printf '%s\n' "$*" >>"$lock/step/records"
}

# noting WORD...: the real one, and a note of each package that came with it, as `installed` prints them: what goes again in the same
# step is not seen when it has ended. It may have brought curl, or taken it away.
noting() {
    had=
    [ -z "$lock_records" ] || had=$(installed)
    "$real" "$@"
    noting_status=$?
    [ -z "$lock_records" ] || installed | while IFS= read -r line; do
        case "
$had
" in *"
$line
"*) ;; *) note "$line" ;; esac
    done
    sh "$lock/shims"
    return "$noting_status"
}

# unlocked WORD...: nobody can tell what that gets.
unlocked() {
    for word; do
        shift
        case $word in *://*) tidy "$word" && word=$tidy ;; esac
        set -- "$@" "$word"
    done
    note "unlocked $(printf '%s ' "$@" | tr '\n\t' '  ')"
}

# deviates TEXT...: not as it was locked. strict: it is not taken.
deviates() {
    printf '%s\n' "$*" | tr '\n' ' ' >>"$lock/step/refused"
    echo >>"$lock/step/refused"
    printf 'dock2sh.lock: %s\n' "$*" >&2
    [ "$lock_mode" = prefer ]
}

# got URL FILE: what was fetched, before anybody uses it.
got() {
    tidy "$1"
    sum=$(sha256sum <"$2" 2>/dev/null) || { unlocked "$tidy" '(no sha256sum here)' && return 0; }
    sum=${sum%% *}
    note "url $tidy $sum $(wc -c <"$2" | tr -d ' ')"
    [ ! -d "$lock/step/files" ] || [ -f "$lock/step/files/$sum" ] || cp "$2" "$lock/step/files/$sum"
    locks url || return 0
    if ! held url "$tidy"; then
        deviates "$tidy is fetched, but not locked"
    elif [ "${held%% *}" != "$sum" ] && [ "${held%% *}" != - ]; then
        deviates "$tidy has other content than was locked (sha256 $sum, locked is ${held%% *})"
    fi
}

# locks KIND [NAME]: does this step's lock hold such things at all? `locks asks apt`: it asks apt, but got nothing.
locks() {
    while read -r locks_kind locks_name _; do
        [ "$locks_kind${2:+ $locks_name}" != "$1${2:+ $2}" ] || return 0
    done <"$lock/lock"
    return 1
}

# vendored URL: sets `vendored` to the file that was kept of it.
vendored() {
    tidy "$1"
    held url "$tidy" || return 1
    vendored=$lock/vendor/files/${held%% *}
    [ -f "$vendored" ] || return 1
    sum=$(sha256sum <"$vendored") && [ "${sum%% *}" = "${held%% *}" ]
}
