# carry ROOT FOLDER [RANK REASON]…: takes records of ranks on other hosts from standard input, as `NAME`, ` KEY=VALUE` lines and `.`.
# For each RANK whose supervisor is gone it ends what that left behind, and writes the exit record in its place.
root=$1 folder=$2; shift 2
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
run=$root/runs/$folder status=$root/runs/$folder/status
[ -f "$run/plan.sh" ] && [ -f "$run/common.sh" ] || exit 0
. "$run/plan.sh"
. "$run/common.sh"
while IFS= read -r name; do
  while IFS= read -r line && [ "$line" != . ]; do echo "${line# }"; done >"$status/.carried.$$"
  mv -f "$status/.carried.$$" "$status/.peer.$name"
done
while [ $# -ge 2 ]; do
  rank=$1 reason=$2; shift 2
  [ ! -e "$status/$rank.exit" ] || continue
  IFS=: read -r _ pid born <<END
$(readlink "$status/.owner.$rank")
END
  [ -z "$pid" ] || [ "$(born "$pid")" != "$born" ] || continue
  survivors=
  end_tree "$muster_grace" "$muster_id/$rank" || survivors=$(echo $end_pids)
  {
    echo "code=143"; echo "reason=$reason"; echo "time=$(date +%s)"; echo "host=$(uname -n)"; echo "attempt=0"
    [ -z "$survivors" ] || echo "survivors=$survivors"
  } | record "$rank.exit"
  ! port=$(field port "$status/$rank.address") || rm -f "$root/ports/$(uname -n)/$port"
  at=0
  for exit in "$status"/*.exit; do at=$((at + 1)); done
  [ $at -lt "$muster_size" ] || { echo "time=$(date +%s)" | record ended; rm -f "$run/env.sh" "$run/notices"; }
done
exit 0
