# FOLDER  lists the files below it as names, then sizes, then links; reads names and gives the hashes of those.
export LC_ALL=C
case $1 in
  "~" | "~/"*) folder=$HOME${1#"~"} ;;
  *) folder=$1 ;;
esac
[ -d "$folder" ] || exit 44   # it is gone
cd "$folder" || exit 1
find . -type f -print0 && printf '\0'
find . -type f -exec stat -c '%a %s %Y' {} + && echo end
find . -type l -print0 && printf '\0'
xargs -0 -r sha256sum
