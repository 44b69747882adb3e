# Makes the symbolic links NAME... of SOURCE anew in the current directory, each a link of its own, and the directories that they
# are in.   sh -c "$(program_relink)" sh SOURCE NAME...
source=$1
shift
for name do
    target=$(readlink -n "$source/$name" && echo .) && mkdir -p "${name%/*}" && ln -s "${target%.}" "$name" || exit 1
done
