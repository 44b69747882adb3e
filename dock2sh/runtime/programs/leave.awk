# Prints a file of accounts (/etc/$kind) without those of the file $accounts ("passwd NAME", "group NAME"), in no group's list either.
BEGIN {
    FS = OFS = ":"
    while ((getline line < ENVIRON["accounts"]) > 0) {
        split(line, part, " ")
        gone[part[1], part[2]] = 1
    }
    group = ENVIRON["kind"] ~ /group|gshadow/
}
group && (("group", $1) in gone) { next }
!group && (("passwd", $1) in gone) { next }
group && NF == 4 {
    size = split($4, member, ",")
    list = ""
    for (i = 1; i <= size; i++) if (!(("passwd", member[i]) in gone)) list = list (list == "" ? "" : ",") member[i]
    if (list != $4) $4 = list
}
{ print }
