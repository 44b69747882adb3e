# ADD of a URL.

# add_url [--chown= --chmod= --link --checksum=ALGORITHM:HEX --unpack=true]... URL DEST
add_url() {
    wanted || return 0
    url_checksum='' url_unpack=''
    placement_none
    while url_option "$1"; do shift; done
    [ "$1" != -- ] || shift
    ! dry || { say "fetch $(quote "$1") into $(quote "$2")"; return 0; }
    rm -rf "$state/url"
    mkdir "$state/url"
    ${fetch_instead:-url_fetch} "$1" "$state/url/file"
    fetch_instead=''
    url_verify "$state/url/file"
    ${fetch_after:-:} "$1"
    fetch_after=''
    source_kind=context source_root='' source_rules=''
    placement_begin
    { chmod 0600 "$state/url/file" && touch -d "@$url_time" "$state/url/file"; } || fail "$1 cannot be stored"
    url_name "$1"
    if [ "$url_name" = .. ]; then
        put_file "$state/url/file" download "$2/" # docker copies the directory that its `download` is in
    elif [ -n "$url_unpack" ] && is_archive "$state/url/file"; then
        add_archive "$state/url/file" "$2"
    else
        put_file "$state/url/file" "$url_name" "$2"
    fi
    placement_end
    rm -rf "$state/url"
}

url_option() {
    case $1 in
    --checksum=*) url_checksum=${1#*=} ;;
    --unpack=true) url_unpack=yes ;;
    --unpack=false) ;;
    *) placement_option "$1" ;;
    esac
}

# url_name URL: sets `url_name` to the last part of the path, %XX resolved, without query and fragment.
url_name() {
    url_name=${1#*://} url_name=${url_name%%[?#]*}
    case $url_name in
    */*) url_name=/${url_name#*/} ;;
    *) url_name= ;;
    esac
    url_name=$(printf %s "$url_name" | LC_ALL=C awk "$(program_unescape)" && echo /) && url_name=${url_name%?/}
    while :; do case $url_name in */) url_name=${url_name%/} ;; *) break ;; esac done
    url_name=${url_name##*/}
    case $url_name in '' | .) url_name=__unnamed__ ;; esac
}

# url_verify FILE: the digest, before anything lands. docker takes others, too, and holds its own of SHA-256 against them.
url_verify() {
    [ -n "$url_checksum" ] || return 0
    command -v sha256sum >/dev/null || missing "sha256sum, to verify what was fetched: install coreutils"
    url_digest=$(sha256sum <"$1")
    url_digest=sha256:${url_digest%% *}
    [ "$url_digest" != "$url_checksum" ] || return 0
    case $url_checksum in
    sha256:*) fail "digest mismatch $url_digest: $url_checksum" ;;
    *) fail "digest mismatch $url_digest: $url_checksum (docker compares with sha256 only)" ;;
    esac
}

# url_fetch URL FILE: with what is here; sets `url_time` to the seconds of Last-Modified, else 0 as docker does. A tool that
# does not verify who answers (busybox's wget) is good enough only where the content is verified.
url_fetch() {
    url_log=$state/url/log
    if command -v curl >/dev/null; then
        url_by_curl "$@"
    elif url_gnu_wget && ! url_dotted "$1"; then
        url_by_wget "$@"
    elif command -v python3 >/dev/null; then
        url_by_python "$@"
    elif [ -x /usr/lib/apt/apt-helper ]; then
        url_by_apt "$@"
    elif url_gnu_wget; then
        missing "curl or python3 to fetch $1 with: wget asks for a path without its . and .."
    elif command -v wget >/dev/null; then
        url_by_busybox "$@"
    else
        missing 'curl, wget or python3 to fetch a URL with: install one of them (and ca-certificates)'
    fi
}

url_gnu_wget() {
    command -v wget >/dev/null && { wget --version 2>&1 | grep -q 'GNU Wget'; }
}

# url_dotted URL: has its path a part . or .. ? docker asks for the path as it is written; curl and GNU wget resolve it before.
url_dotted() {
    url_path=${1#*://} url_path=${url_path%%[?#]*}
    case $url_path/ in
    */./* | */../*) ;;
    *) return 1 ;;
    esac
}

# Status and headers of the last answer are in $url_log, whatever was used.
url_answer() {
    url_time=$(LC_ALL=C awk "$(program_answer)" <"$url_log") || fail "invalid response status ${url_time:-(none) from $1}"
}

# To curl of Debian 13 %2e is a dot, too.
url_by_curl() {
    url_next=$1
    ! url_dotted "$(printf %s "$1" | sed 's/%2[eE]/./g')" || url_as_written "$@"
    [ -z "$url_next" ] || curl -q -g -sS -L --proto =http,https -D "$url_log" -o "$2" -- "$url_next" ||
        fail "$1 could not be fetched"
    [ -e "$2" ] || : >"$2"
    url_answer "$1"
}

# Asks for the path as it is; sets `url_next` to where the answer redirects to: that path docker resolves. An option of 2015.
url_as_written() {
    url_next=$(curl -q -g -sS --path-as-is --proto =http,https -w '%{redirect_url}' -D "$url_log" -o "$2" -- "$1") ||
        fail "$1 could not be fetched"
    [ -z "$url_next" ] || rm -f "$2"
}

url_by_wget() {
    wget --no-config -nv -S --no-use-server-timestamps -O "$2" -o "$url_log" -- "$1" || url_refused "$1"
    url_answer "$1"
}

url_by_busybox() {
    case $1-$url_checksum in
    https:*-) missing "curl, or GNU wget: the wget of busybox does not verify whom it talks to (--checksum= would do as well)" ;;
    esac
    wget -S -O "$2" "$1" 2>"$url_log" || url_refused "$1"
    url_answer "$1"
}

# A tool that failed: the status if there was an answer, else what it said.
url_refused() {
    ! grep -q 'HTTP/[0-9.]* [0-9]' "$url_log" || url_answer "$1"
    fail "$1 could not be fetched: $(cat "$url_log")"
}

url_by_python() {
    python3 -I -c "$(program_fetch)" "$1" "$2" >"$url_log" || fail "$1 could not be fetched"
    url_answer "$1"
}

# apt's own downloader, which every Debian and Ubuntu has; it gives the file the time of Last-Modified or leaves it at now.
url_by_apt() {
    url_start=$(date +%s)
    /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$1" "$2" >"$url_log" 2>&1 || url_apt_refused "$1"
    url_time=$(stat -c %Y "$2")
    [ "$url_time" -lt "$url_start" ] || url_time=0
}

url_apt_refused() {
    url_status=$(sed -n 's/^E: Failed to fetch .* \([1-5][0-9][0-9]\) .*/\1/p' "$url_log" | head -n 1)
    [ -z "$url_status" ] || fail "invalid response status $url_status"
    fail "$1 could not be fetched: $(grep '^[EW]:' "$url_log" || tail -n 1 "$url_log")"
}
