# SELinux: what is moved or copied to where it belongs has the label of where it came from. The policy says which one it should have.

# labels_count: does this machine go by labels?
labels_count() {
    [ -e /sys/fs/selinux/enforce ] && tool restorecon >/dev/null
}

# labels_set DIR: labels the files whose names (NUL after each) are on standard input; they are those of DIR. (restorecon may read and write
# no file of our directories, under the policy; pipes it may. Names that are gone are no error.)
labels_set() {
    if labels_count; then
        cat | (cd "$1/" && restorecon -i -0 -f - >/dev/null 2>&1 8<&-) || :
    else
        cat >/dev/null
    fi
}

# labels_tree DIR: its files get the labels that they would have if it were /, so that to the policy what is started there is a service
# as any other.
labels_tree() {
    labels_count && tool setfiles >/dev/null || return 0
    labels_policy=$(sed -n 's/^SELINUXTYPE=//p' /etc/selinux/config 2>/dev/null)
    labels_policy=/etc/selinux/${labels_policy:-targeted}/contexts/files/file_contexts
    [ ! -f "$labels_policy" ] || setfiles -r "$1" "$labels_policy" "$1" >/dev/null 2>&1 || :
}
