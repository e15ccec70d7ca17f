# FOLDER  receives a tar archive whose files get their places below the folder, each by one rename, once all of them are there.
case $1 in
  "~" | "~/"*) folder=$HOME${1#"~"} ;;
  *) folder=$1 ;;
esac
cd "$folder" && here=$(pwd -P) && new=$here/.cp.$$ && mkdir "$new" || exit 1
# An archive cut between two entries looks complete to tar.
tar -xmof - -C "$new" && [ -e "$new/whole" ] && cd "$new/t" &&
  find . -type d -exec sh -c 'for one; do mkdir -p "$0/$one" || exit 1; done' "$here" {} + &&
  find . -type f -exec sh -c 'for one; do mv -f "$one" "$0/$one" || exit 1; done' "$here" {} +
code=$?
cd "$here" && rm -rf "$new"
exit $code
