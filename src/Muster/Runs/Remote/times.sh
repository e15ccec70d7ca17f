# times ROOT FOLDER: when how much of each rank's logs was written: RANK TIME OUT ERR.
root=$1
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
cd "$root/runs/$2/logs" 2>/dev/null || exit 0
for file in *.times; do
  [ ! -f "$file" ] || sed "s/^/${file%.times} /" "$file"
done
