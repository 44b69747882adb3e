#!/bin/sh
# wget as it is (GNU's or busybox's), and a look at what it has fetched. Only plain downloads are understood.
. /dev/dock2sh/common
real wget
urls='' count=0 out='' folder='' odd=''

words() {
    while [ $# -gt 0 ]; do
        case $1 in
        --output-document=*) out=${1#*=} ;;
        --output-document) [ $# -gt 1 ] && out=$2 && shift ;;
        --directory-prefix=*) folder=${1#*=} ;;
        --directory-prefix) [ $# -gt 1 ] && folder=$2 && shift ;;
        --spider | --input-file* | --recursive | --mirror | --page-requisites | --continue | --background | --timestamping | --post-* | \
            --method* | --body-* | --content-disposition | --trust-server-names | --no-clobber | --force-directories | --warc-*) odd=1 ;;
        --header | --user-agent | --user | --password | --tries | --timeout | --wait | --waitretry | --limit-rate | --quota | \
            --ca-certificate | --ca-directory | --certificate | --private-key | --referer | --load-cookies | --save-cookies | \
            --execute | --output-file | --append-output | --progress | --secure-protocol | --dns-timeout | --connect-timeout | \
            --read-timeout | --bind-address | --default-page | --max-redirect) [ $# -gt 1 ] && shift ;;
        --*) ;;
        -n[vcdHp]) case $1 in -nc) odd=1 ;; esac ;;
        -?*) letters "$@" || shift ;;
        *) count=$((count + 1)) urls=$1 ;;
        esac
        shift
    done
}

letters() {
    cluster=${1#-}
    while [ -n "$cluster" ]; do
        letter=${cluster%"${cluster#?}"} cluster=${cluster#?}
        case $letter in
        O) if [ -n "$cluster" ]; then out=$cluster && return 0; fi
            out=${2-} && return 1 ;;
        P) if [ -n "$cluster" ]; then folder=$cluster && return 0; fi
            folder=${2-} && return 1 ;;
        [irmpcbNx]) odd=1
            case $letter in i) [ -n "$cluster" ] || return 1 && return 0 ;; esac ;;
        [oaetTwQlARDIXUY]) if [ -n "$cluster" ]; then return 0; else return 1; fi ;;
        n) cluster=${cluster#?} ;;
        esac
    done
    return 0
}

words "$@"
url=$urls
[ -n "$url" ] || exec "$real" "$@"
case $out in /dev/null) exec "$real" "$@" ;; esac
if [ -z "$out" ]; then
    out=${url#*://}
    case $out in */*) out=${out##*/} ;; *) out= ;; esac
    out=${out%%#*}
    out=${folder:+$folder/}${out:-index.html}
    [ ! -e "$out" ] || odd=1
fi
if [ -n "$odd" ] || [ "$count" -ne 1 ]; then
    unlocked wget "$@"
    exec "$real" "$@"
fi
kept=$out
if [ "$out" = - ]; then kept=$lock/step/wget.$$; fi
if vendored "$url"; then
    [ -z "$folder" ] || mkdir -p "$folder"
    cat "$vendored" >"$kept"
elif [ "$out" = - ]; then
    "$real" "$@" >"$kept"
else
    "$real" "$@"
fi
status=$?
if [ "$status" -eq 0 ] && [ -f "$kept" ] && ! got "$url" "$kept"; then
    rm -f "$kept"
    exit 1
fi
if [ "$out" = - ]; then
    cat "$kept"
    rm -f "$kept"
fi
exit "$status"
