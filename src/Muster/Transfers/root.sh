# First lines of every script of a site store: go to its root, $1, and drop that argument.
export LC_ALL=C
case $1 in
  "~" | "~/"*) root=$HOME${1#"~"} ;;
  *) root=$1 ;;
esac
shift
[ -d "$root" ] || { mkdir -p "${root%/*}" && (umask 077; mkdir "$root") 2>/dev/null; }   # runs are their owner's alone unless the folder was made otherwise
mkdir -p "$root/store" "$root/incoming" "$root/runs" && cd "$root" || exit 1
