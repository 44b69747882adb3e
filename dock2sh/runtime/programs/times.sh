# Gives each name the time that it has in SOURCE; with -h a link its own.
#   sh -c "$(program_times)" sh SOURCE [-h] NAME...
source=$1
shift
link=
case $1 in -h) link=-h && shift ;; esac
for name do
    if [ -n "$link" ] && [ -L "$name" ]; then # busybox takes the time of what a link means
        touch -h -d "@$(stat -c %Y "$source/$name")" "$name" || exit
    else
        touch -r "$source/$name" "$name" || exit
    fi
done
