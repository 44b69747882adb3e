# Gives the directories NAME... the group of the one above, where that has the setgid bit.   sh -c "$(program_heirs)" sh NAME...
for name do
    ! [ -g "${name%/*}" ] || chgrp "$(stat -c %g "${name%/*}")" "$name" || exit 1
done
