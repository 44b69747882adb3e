# After `apt-get update`: which archives apt knows now, and when they were released:
#   list URI SUITE COMPONENT ORIGIN LABEL SECONDS SIGNED-BY TRUSTED
. /dev/dock2sh/common
[ -n "$lock_records" ] || exit 0
form="\$(REPO_URI) \$(RELEASE) \$(COMPONENT) \$(FILENAME) \$(SIGNED_BY) \$(TRUSTED)"
apt-get indextargets --format "$form" 'Created-By: Packages' | while read -r uri suite component file signed trusted; do
    case $file in */zz-* | *_dev_dock2sh_*) continue ;; esac
    grep -F -q " $uri " "$lock/sources" 2>/dev/null && continue
    grep -F -q " ${uri%/} " "$lock/sources" 2>/dev/null && continue
    origin='' label='' date='' found=
    for release in "${file%%_dists_*}_dists_$(printf %s "$suite" | tr / _)_"*Release; do
        [ -f "$release" ] || continue
        found=yes
        while IFS= read -r line; do
            case $line in
            'Origin: '*) origin=${line#*: } ;;
            'Label: '*) label=${line#*: } ;;
            'Date: '*) date=${line#*: } ;;
            MD5Sum:* | SHA256:*) break ;;
            esac
        done <"$release"
    done
    [ -n "$found" ] || continue
    case $signed in \$* | *,* | '') signed=- ;; esac
    case $trusted in yes) ;; *) trusted=- ;; esac
    seconds=$(date -u -d "$date" +%s 2>/dev/null) || continue
    note "list $uri $suite $component $(printf %s "${origin:--}" | tr ' ' _) $(printf %s "${label:--}" | tr ' ' _) $seconds $signed $trusted"
done
exit 0
