#!/bin/sh
# git as it is; after a clone, checkout, switch or pull the commit is looked at, and set back to the locked one.
. /dev/dock2sh/common
real git
place='' command='' ref='' url='' folder='' odd='' deep=''

words() {
    while [ $# -gt 0 ]; do
        case $1 in
        -C) place=$2 && shift ;;
        -c | --git-dir | --work-tree | --namespace | --exec-path) shift ;;
        -*) ;;
        *) command=$1 && shift && break ;;
        esac
        shift
    done
    case $command in
    clone) clone "$@" ;;
    checkout | switch | pull | reset) for word; do case $word in -*) ;; *) ref=$word ;; esac done ;;
    esac
}

clone() {
    while [ $# -gt 0 ]; do
        case $1 in
        -b | --branch) ref=$2 && shift ;;
        --branch=*) ref=${1#*=} ;;
        --revision=*) ref=${1#*=} ;;
        -o | --origin | -u | --upload-pack | --depth | --reference | --reference-if-able | --template | -c | --config | -j | --jobs | \
            --filter | --shallow-since | --shallow-exclude | --separate-git-dir | --server-option | --bundle-uri | --ref-format) shift ;;
        -n | --no-checkout | --bare | --mirror) odd=1 ;;
        --recurse* | --recursive | --remote-submodules) deep=1 ;;
        -*) ;;
        *) if [ -z "$url" ]; then url=$1; else folder=$1; fi ;;
        esac
        [ $# -eq 0 ] || shift
    done
    [ -n "$folder" ] || { folder=${url%/} folder=${folder%/.git} folder=${folder##*/} folder=${folder##*:} folder=${folder%.git}; }
    place=${place:+$place/}$folder
}

there() {
    if [ "$command" = clone ]; then "$real" -C "$place" "$@"; else "$real" ${place:+-C "$place"} "$@"; fi
}

# settle: the checkout is at the commit that was locked, or nothing is.
settle() {
    commit=$(there rev-parse HEAD 2>/dev/null) || return 0
    [ -n "$url" ] || url=$(there remote get-url origin 2>/dev/null) || return 0
    tidy "$url"
    case $url in *://*) ;; *@*:*) tidy=$url ;; *) return 0 ;; esac # a directory of the step's own is locked as what it came from
    label="$tidy $command:${ref:-HEAD}"
    if locks git; then
        wanted=
        while read -r kind its_url its_ref its_commit _; do
            [ "$kind $its_url $its_ref" != "git $label" ] || wanted=$its_commit
        done <"$lock/lock"
        if [ -z "$wanted" ]; then
            deviates "git $command: $tidy at ${ref:-HEAD} is fetched, but not locked" || return 1
        elif [ "$wanted" != "$commit" ] && [ "$wanted" != - ]; then
            back || deviates "$tidy does not have the commit $wanted any more, which is locked; ${ref:-HEAD} is $commit now" || return 1
        fi
    fi
    note "git $label $(there rev-parse HEAD)"
}

back() {
    there cat-file -e "$wanted^{commit}" 2>/dev/null || there fetch -q --depth 1 origin "$wanted" 2>/dev/null ||
        there fetch -q --tags --unshallow origin 2>/dev/null || there fetch -q --tags origin 2>/dev/null
    there reset -q --hard "$wanted" 2>/dev/null || return 1
    [ -z "$deep" ] || there submodule --quiet update --init --recursive
}

words "$@"
case $command in clone | checkout | switch | pull | reset) ;; *)
    case "$command $*" in submodule*--remote*) unlocked git "$@" ;; esac
    exec "$real" "$@" ;;
esac
"$real" "$@"
status=$?
if [ "$status" -ne 0 ]; then
    exit "$status"
elif [ -n "$odd" ]; then
    unlocked git "$@"
elif ! settle; then
    [ "$command" != clone ] || rm -rf "$place"
    exit 128
fi
exit 0
