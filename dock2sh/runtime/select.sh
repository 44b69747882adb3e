# Which files of a directory are meant. A list is a file of names, `./name` and a NUL each, directories before what is in them.

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
