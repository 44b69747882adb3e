# In a step: a stand-in in PATH for each tool that is there now, and none for what is not (`command -v curl` has to tell the truth).
. /dev/dock2sh/common
for pair in $tools; do
    name=${pair%%=*}
    if (real "$name") 2>/dev/null; then
        [ -e "$lock/step/bin/$name" ] || ln -s "$lock/${pair#*=}" "$lock/step/bin/$name"
    else
        rm -f "$lock/step/bin/$name"
    fi
done 2>/dev/null
exit 0
