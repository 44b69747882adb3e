# A command from another terminal, of a manual that says `docker` and short names of containers:
#   sh elsewhere.sh COMMAND ENGINE [SHORT REAL]...
# The engine and the real names take their place, in whole arguments, when they have become such: nothing is put into the text.

command=$1 engine=$2
shift 2
names=$# index=0
for name; do
    index=$((index + 1))
    eval "name_$index=\$name"
done

docker() {
    for word; do
        shift
        index=1
        while [ "$index" -lt "$names" ]; do
            eval "short=\$name_$index real=\$name_$((index + 1))"
            case $word in
            "$short") word=$real ;;
            "$short":*) word=$real${word#"$short"} ;;
            esac
            index=$((index + 2))
        done
        set -- "$@" "$word"
    done
    command "$engine" "$@"
}

eval "$command"
