# sh -c PROGRAM sh ROOT ./PATH/.wh.NAME...: in the directory of an unpacked layer: takes from ROOT what the layer hides, and its
# marks from the layer. No symbolic link of ROOT is followed: a directory that is a link there has nothing that could be hidden.
into=$1
shift
for mark; do
    rm -rf "$mark"
    place=${mark%/*} name=${mark##*/.wh.}
    rest=${place#.}/ walked=$into
    while [ -n "$rest" ]; do
        walked=$walked/${rest%%/*} rest=${rest#*/}
        [ ! -L "$walked" ] || continue 2
    done
    case $name in
    .wh..opq) [ ! -d "$walked" ] || find "$walked" -mindepth 1 -maxdepth 1 -exec rm -rf {} + ;;
    .wh.*) ;;
    *) rm -rf "${walked:?}/$name" ;;
    esac
done
