# WORKDIR.

# workdir DIR: later steps run in DIR; creates it and its missing parents 0755, owned by the current user. Without a USER nothing
# is given away, so that below a setgid directory the group is that one's.
workdir() {
    case $1 in
    /*) clean_path "$1" && cwd_text=$1 ;;
    *) clean_path "$cwd/$1" && cwd_text=$cleaned ;;
    esac
    cwd=$cleaned
    wanted || return 0
    ! dry || { say "mkdir -p $(quote "$cwd")"; return 0; }
    resolve "$cwd"
    [ ! -d "$root$resolved" ] || return 0
    owner=
    [ -z "$user" ] || owner_of "$user"
    make_directories "$resolved" 0755 "$owner"
}
