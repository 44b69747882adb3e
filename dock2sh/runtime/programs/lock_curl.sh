#!/bin/sh
# curl as it is, and a look at what it has fetched. Only a plain GET of one URL is understood; the rest is noted as it is.
. /dev/dock2sh/common
real curl
url='' out='' urls=0 odd='' named=''

words() {
    while [ $# -gt 0 ]; do
        case $1 in
        --url) [ $# -gt 1 ] && url=$2 urls=$((urls + 1)) && shift ;;
        --output) [ $# -gt 1 ] && out=$2 && shift ;;
        --remote-name) named=1 ;;
        --globoff | --no-progress-meter) ;;
        --remote-name-all | --remote-header-name | --output-dir | --continue-at | --range | --upload-file | --data* | --form* | \
            --request | --config | --json | --head | --next | --get | --etag-* | --time-cond | --parallel | --expand-*) odd=1 ;;
        --header | --proxy* | --preproxy | --noproxy | --referer | --user | --user-agent | --cookie* | --write-out | --retry* | \
            --connect-timeout | --max-time | --max-redirs | --max-filesize | --cacert | --capath | --cert* | --key* | --pass | \
            --ciphers | --tls* | --curves | --pinnedpubkey | --crlfile | --proto* | --resolve | --connect-to | --interface | \
            --limit-rate | --speed-* | --dump-header | --stderr | --trace* | --socks* | --dns-* | --doh-url | --local-port | \
            --netrc-file | --unix-socket | --abstract-unix-socket | --oauth2-bearer | --aws-sigv4 | --keepalive-time | \
            --create-file-mode | --hsts | --alt-svc | --engine | --delegation | --service-name | --rate | --variable)
            case $1 in --retry-connrefused | --retry-all-errors | --tlsv1* | --tls-max-default | --trace-time | --trace-ids | \
                --proxytunnel | --proxy-insecure | --proxy-basic | --proxy-digest | --proxy-ntlm | --proxy-anyauth | --cert-status) ;;
            *) [ $# -gt 1 ] && shift ;;
            esac ;;
        --*) ;;
        -?*) letters "$@" || shift ;;
        *) url=$1 urls=$((urls + 1)) ;;
        esac
        shift
    done
}

# letters -fsSLo NEXT...: fails when the word after it is taken.
letters() {
    cluster=${1#-}
    while [ -n "$cluster" ]; do
        letter=${cluster%"${cluster#?}"} cluster=${cluster#?}
        case $letter in
        o) if [ -n "$cluster" ]; then out=$cluster && return 0; fi
            out=${2-} && return 1 ;;
        O) named=1 ;;
        [CdFIJKrTXzGZ:]) odd=1
            case $letter in [IJGZ:]) ;; *) [ -n "$cluster" ] || return 1 && return 0 ;; esac ;;
        [AbcDeEhHmPQtuUwxyY]) if [ -n "$cluster" ]; then return 0; else return 1; fi ;;
        esac
    done
    return 0
}

words "$@"
case $url in *[]{}[]*) odd=1 ;; esac
case $out in /dev/null) exec "$real" "$@" ;; esac
if [ -z "$url" ]; then
    exec "$real" "$@"
elif [ -n "$odd" ] || [ "$urls" -ne 1 ]; then
    unlocked curl "$@"
    exec "$real" "$@"
fi
if [ -n "$named" ]; then
    out=${url%%[?#]*} out=${out##*/}
fi
kept=$out
case $out in '' | - | /dev/stdout) out=- kept=$lock/step/curl.$$ ;; esac
if vendored "$url"; then
    cat "$vendored" >"$kept"
    status=$?
elif [ "$kept" = "$out" ]; then
    "$real" "$@"
    status=$?
else
    "$real" "$@" >"$kept"
    status=$?
fi
if [ "$status" -eq 0 ] && [ -f "$kept" ] && ! got "$url" "$kept"; then
    rm -f "$kept"
    exit 22
fi
if [ "$kept" != "$out" ] && [ -f "$kept" ]; then
    cat "$kept"
    rm -f "$kept"
fi
exit "$status"
