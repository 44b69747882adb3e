# A line of /etc/passwd or /etc/group as docker reads it: without the blanks around it; a field that is not there is empty. Numbers
# are those of number().
{ gsub(/^[ \t\r\v\f]+|[ \t\r\v\f]+$/, "") }
$0 == "" { next }
# number(TEXT): a number may have a sign and leading zeros (Go's Atoi); what is none is 0.
function number(text,    sign) {
    if (text !~ /^[-+]?[0-9]+$/) return "0"
    sign = text ~ /^-/ ? "-" : ""
    sub(/^[-+]?0*/, "", text)
    return text == "" ? "0" : sign text
}
