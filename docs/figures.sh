#!/bin/sh
# The figures of the house, a row for each part: how much there is, and how long its files and functions are.
# Formatted code makes it simple: a member's body stands between braces that are alone on their lines.
cd "$(dirname "$0")/.." || exit
echo '| Part | Files | Lines | Median file | p90 file | Longest file | Longest function | Lines over 120 |'
echo '|---|---|---|---|---|---|---|---|'
for part in src tests bench; do
  git ls-files "$part/*.cs" | xargs awk '
    function ended() { if (file != "") print lines, most, long }
    FNR == 1 { ended(); file = FILENAME; lines = most = long = raw = 0; split("", open); head = "" }
    { lines = FNR; was = raw }
    gsub(/"""/, "&") % 2 { raw = !raw }
    length($0) > 120 && !raw && !was { long++ }
    /^( {4}|    |        )[{]$/ { at = index($0, "{"); if (head !~ /(class|record|struct|interface|enum) /) open[at] = FNR }
    /^(    |        )[}]/ { at = index($0, "}"); if ((at in open) && FNR - open[at] - 1 > most) most = FNR - open[at] - 1; delete open[at] }
    /[^ ]/ { head = $0 }
    END { ended() }' | sort -n | awk -v part="$part" '
    { lines[NR] = $1; sum += $1; long += $3; if ($2 + 0 > most) most = $2 + 0 }
    END { printf "| `%s` | %d | %d | %d | %d | %d | %d | %d |\n", part, NR, sum, lines[int((NR + 1) / 2)], lines[int(NR * 0.9 + 0.5)], lines[NR], most, long }'
done
