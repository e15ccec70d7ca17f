# look ROOT ID …: prints the records of runs, one line each: `run ID`, `record NAME`, ` KEY=VALUE`, `alive RANK 0|1`, `tried`.
# What SLURM wrote of a kill for memory is shown as the record `memory`; a full disk, where a supervisor is missed, as
# `disk`.
root=$1; shift
case $root in '~') root=$HOME ;; '~/'*) root=$HOME/${root#??} ;; esac
host=$(uname -n)
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null)
for id; do
  dir=$root/runs/$id
  [ -d "$dir" ] || { echo "absent $id"; continue; }
  echo "run $id"
  missed=
  for file in "$dir"/status/*; do
    [ -f "$file" ] || continue
    name=${file##*/}
    echo "record $name"
    while IFS= read -r line; do echo " $line"; done <"$file"
    case $name in
      *.started|*.address|*.queued)
        started_host= pid= born= started_boot=
        while IFS= read -r line; do
          case $line in
            host=*) started_host=${line#*=} ;; pid=*) pid=${line#*=} ;;
            born=*) born=${line#*=} ;; boot=*) started_boot=${line#*=} ;;
          esac
        done <"$file"
        [ "$started_host" = "$host" ] || continue
        now=
        if read -r line 2>/dev/null <"/proc/$pid/stat"; then set_aside=${line##*) }; now=$(set -- $set_aside; [ "$1" = Z ] || { shift 19; echo "$1"; }); fi   # a zombie has ended
        if [ "$now" = "$born" ] && [ "$started_boot" = "$boot" ]; then echo "alive ${name%.*} 1"
        elif [ "$started_boot" = "$boot" ]; then
          echo "alive ${name%.*} 0"
          [ -e "$dir/status/${name%.*}.exit" ] || missed=1
        else echo "rebooted ${name%.*}"
        fi ;;
    esac
  done
  # A supervisor that was killed before its first record is known by its claim alone.
  for owner in "$dir"/status/.owner.*.*; do
    rank=$dir/status/${owner##*/.owner.}
    [ -L "$owner" ] && [ ! -e "$rank.started" ] && [ ! -e "$rank.queued" ] && [ ! -e "$rank.address" ] || continue
    IFS=: read -r started_host pid born <<END
$(readlink "$owner")
END
    [ "$started_host" = "$host" ] || continue
    now=
    if read -r line 2>/dev/null <"/proc/$pid/stat"; then set_aside=${line##*) }; now=$(set -- $set_aside; [ "$1" = Z ] || { shift 19; echo "$1"; }); fi
    [ "$now" = "$born" ] || [ -e "$rank.exit" ] || { echo "alive ${rank##*/} 0"; missed=1; }
  done
  killed=$(grep -m 1 -i -E 'exceeded (job |step )?memory limit|oom.kill' "$dir/logs/slurm.log" 2>/dev/null) && { echo "record memory"; echo " text=$killed"; }
  [ -z "$missed" ] || { at=$(full "$dir"); [ -z "$at" ] || { echo "record disk"; echo " text=$at"; }; }
  [ ! -e "$dir/status/.tried" ] || echo tried
done
echo done
