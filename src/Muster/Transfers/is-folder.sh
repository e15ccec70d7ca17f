# FOLDER PATH  ends well where that is a folder; with 44 where there is no such FOLDER.
case $1 in
  "~" | "~/"*) folder=$HOME${1#"~"} ;;
  *) folder=$1 ;;
esac
cd "$folder" || exit 44
[ -d "$2" ]
