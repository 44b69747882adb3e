# Prints, a NUL after each, those of the names that are of a kind: link, linked (a link that has several names), unlinked (all
# else), directory, private (a directory of mode 0700), huge (a file of 4 GB and more), or early and late (no newer, and newer, than the file REFERENCE; FIND-OPTION -L:
# what a link means, -P: the link itself).
#   sh -c "$(program_kind)" sh KIND NAME...
#   sh -c "$(program_kind)" sh early|late REFERENCE FIND-OPTION NAME...
kind=$1
shift
case $kind in
linked) exec find "$@" -prune -type l -links +1 -print0 ;;
unlinked) exec find "$@" -prune ! \( -type l -links +1 \) -print0 ;;
private) exec find "$@" -prune -type d -perm 0700 -print0 ;;
huge) exec find "$@" -prune -type f -size +4194303k -print0 ;;
early) reference=$1 option=$2 && shift 2 && exec find "$option" "$@" -prune ! -newer "$reference" -print0 ;;
late) reference=$1 option=$2 && shift 2 && exec find "$option" "$@" -prune -newer "$reference" -print0 ;;
esac
for name do
    if [ -L "$name" ]; then is='link'; elif [ -d "$name" ]; then is=directory; else is=other; fi
    [ "$is" != "$kind" ] || printf '%s\0' "$name" || exit 1
done
